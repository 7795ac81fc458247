"""The host's end of one sandbox: keeps the control connection, carries the way out, journals the outbox.

A lost connection is dialled again until the sandbox itself is gone. Nothing here knows about notebooks.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import anyio
from anyio.abc import ByteStream, TaskGroup

from jupyter_agent_host.errors import (
    AgentHostError,
    ProtocolError,
    SandboxGoneError,
    TurnError,
    VersionMismatchError,
)
from jupyter_agent_host.host.sandboxes.outbox_receiver import OutboxReceiver
from jupyter_agent_host.host.sandboxes.websocket_client import CarryStream, WebSocket
from jupyter_agent_host.protocol.control import (
    Ack,
    AnyHostFrame,
    AnyRunnerFrame,
    CarryWanted,
    Hello,
    HostToolCall,
    HostToolCancel,
    Outbox,
    Reply,
    Status,
    Welcome,
    WorkspaceSync,
    WorkspaceSynced,
    decode_runner_frame,
    encode_frame,
)
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.protocol.runner_http import CARRY, CONTROL
from jupyter_agent_host.sandbox.provider import Sandbox

logger = logging.getLogger(__name__)

T = TypeVar("T")

_BACKOFF_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_MAX_CARRIES = 64
_MAX_ASKED = 256
_MAX_ITEM_NUMBER = 2**53
_LOOK_SECONDS = 10
_DRAIN_SECONDS = 10


class ChannelOwner(Protocol):
    """What the owner of a channel does with what comes out of the sandbox. All of it is hostile until checked."""

    async def outbox_mark(self, incarnation: str) -> int:
        """The last outbox number of this incarnation that is in the journal; 0 if none."""

    async def connected(self, hello: Hello) -> None:
        """The control connection was (re)made; whatever the runner may have missed can be said again."""

    async def take_items(self, incarnation: str, items: Sequence[Outbox]) -> None:
        """Journal these items in order. They are acknowledged when this returns, and sent again if it raises."""

    async def take_status(self, status: Status) -> None: ...

    async def sync_workspace(self, request: WorkspaceSync) -> str:
        """Copy changed files out; the answer is told to the agent ("" for nothing to say)."""

    def take_tool_call(self, call: HostToolCall) -> None:
        """Begin a call of a host tool, once for each id. Returns at once; raises `ProtocolError` for too many."""

    def cancel_tool_call(self, cancel: HostToolCancel) -> None:
        """Nobody waits for that call any more."""

    async def carry(self, stream: ByteStream) -> None:
        """Serve one connection from inside to the way out, to its end."""


class Channel:
    """One sandbox's connections. `run` owns every task; nothing outlives it."""

    def __init__(self, sandbox: Sandbox, token: str, owner: ChannelOwner) -> None:
        self._sandbox = sandbox
        self._token = token
        self._owner = owner
        self._socket: WebSocket | None = None
        self._connected = anyio.Event()
        self._replies: dict[str, _PendingReply] = {}
        self._carries = anyio.CapacityLimiter(_MAX_CARRIES)
        self._asked = 0
        self._next_item = 1
        self.hello: Hello | None = None

    async def run(self) -> None:
        """Keep the control connection until the sandbox is gone; then return. Cancel to let go of a living sandbox.

        Raises:
            VersionMismatchError: the runner speaks another protocol version.
        """
        attempt = 0
        try:
            while await self._sandbox.exit_state() is None:
                try:
                    await self._serve_once()
                    attempt = 0
                except VersionMismatchError:
                    raise
                except (AgentHostError, TimeoutError) as err:
                    logger.info("control connection to %s: %s", self._sandbox.id[:12], err)
                await anyio.sleep(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
                attempt += 1
        finally:
            self._connected.set()  # nobody dials any more: whoever waits for a connection shall hear that
            self._fail_replies()

    async def command(self, frame: Any, *, timeout_seconds: float = 90) -> Any:
        """Send a command that carries a fresh `request_id` and wait for its result.

        Raises:
            TurnError: the runner answered with an error sentence.
            SandboxGoneError: the connection broke before the answer.
            TimeoutError: no answer in time.
        """
        pending = _PendingReply()
        self._replies[frame.request_id] = pending
        try:
            with anyio.fail_after(timeout_seconds):
                await self.send(frame)
                return await pending.result()
        finally:
            self._replies.pop(frame.request_id, None)

    async def send(self, frame: AnyHostFrame) -> None:
        """Send one frame, waiting for the connection when it is being dialled again."""
        await (await self._connection()).send_text(encode_frame(frame))

    async def greeted(self) -> None:
        """Wait for the connection, so that `hello` says what the runner has.

        Raises:
            SandboxGoneError: there will be none.
        """
        await self._connection()

    async def _connection(self) -> WebSocket:
        await self._connected.wait()
        if self._socket is None:
            raise SandboxGoneError("The sandbox is gone.")
        return self._socket

    @asynccontextmanager
    async def dial(self, path: str) -> AsyncIterator[WebSocket]:
        """One more WebSocket to the runner."""
        socket = await WebSocket.dial(await self._sandbox.connect(), path, self._token)
        async with aclosing(socket):
            yield socket

    async def _serve_once(self) -> None:
        async with self.dial(CONTROL) as socket:
            hello = await self._greet(socket)
            inbox = OutboxReceiver()
            try:
                async with anyio.create_task_group() as tasks:
                    self._open(socket, hello)
                    tasks.start_soon(self._owner.connected, hello)
                    tasks.start_soon(self._hang_up_after_its_end, socket)
                    async with anyio.create_task_group() as journalling:
                        journalling.start_soon(self._journal, socket, hello.incarnation, inbox)
                        await self._read(socket, inbox, tasks)
                        self._hang_up()
                        await inbox.close()
                        # The runner may be gone for good: what it said last is in the inbox and nowhere else.
                        journalling.cancel_scope.deadline = anyio.current_time() + _DRAIN_SECONDS
                    tasks.cancel_scope.cancel()
            except* (AgentHostError, anyio.EndOfStream) as group:
                raise SandboxGoneError(f"The control connection ended: {_first(group)}") from group
            finally:
                self._hang_up()

    async def _hang_up_after_its_end(self, socket: WebSocket) -> None:
        """Close the connection when the sandbox has ended: not every engine ends its relay with it (gVisor crashed)."""
        while await self._sandbox.exit_state() is None:  # noqa: ASYNC110 - an engine tells only who asks
            await anyio.sleep(_LOOK_SECONDS)
        await socket.aclose()

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket, self._connected = None, anyio.Event()
            self._fail_replies()

    def _open(self, socket: WebSocket, hello: Hello) -> None:
        self._socket, self.hello = socket, hello
        self._connected.set()

    async def _greet(self, socket: WebSocket) -> Hello:
        with anyio.fail_after(15):
            frame = decode_runner_frame(await socket.receive())
        if not isinstance(frame, Hello):
            raise ProtocolError("The runner did not greet.")
        if frame.protocol != PROTOCOL_VERSION:
            raise VersionMismatchError(
                f"The sandbox's runner speaks protocol {frame.protocol}, this host speaks {PROTOCOL_VERSION}."
                " Rebuild the image: jupyter agent-host image build"
            )
        if not 0 <= frame.outbox_first <= _MAX_ITEM_NUMBER:
            raise ProtocolError("The runner counts its items impossibly.")
        acked = await self._owner.outbox_mark(frame.incarnation)
        self._next_item = max(acked + 1, frame.outbox_first)
        await socket.send_text(encode_frame(Welcome(protocol=PROTOCOL_VERSION, acked=acked)))
        return frame

    async def _read(self, socket: WebSocket, inbox: OutboxReceiver, tasks: TaskGroup) -> None:
        while True:
            try:
                data = await socket.receive()
            except anyio.EndOfStream:
                return
            frame = decode_runner_frame(data)
            if isinstance(frame, Outbox):
                if self._in_order(frame):
                    await inbox.put(frame, len(data))
            else:
                await self._dispatch(frame, tasks)

    def _in_order(self, item: Outbox) -> bool:
        """A runner says each item once, in order; what is not the next one is no runner's of ours, and dropped."""
        if item.number != self._next_item:
            logger.warning("sandbox %s repeated or skipped an item", self._sandbox.id[:12])
            return False
        self._next_item += 1
        return True

    async def _dispatch(self, frame: AnyRunnerFrame, tasks: TaskGroup) -> None:
        if isinstance(frame, Reply):
            pending = self._replies.get(frame.request_id)
            if pending is not None:
                pending.settle(frame)
        elif isinstance(frame, CarryWanted):
            self._ask(tasks, self._carry, frame.carry_id)
        elif isinstance(frame, WorkspaceSync):
            self._ask(tasks, self._sync, frame)
        elif isinstance(frame, HostToolCall):
            self._owner.take_tool_call(frame)
        elif isinstance(frame, HostToolCancel):
            self._owner.cancel_tool_call(frame)
        elif isinstance(frame, Status):
            await self._owner.take_status(frame)
        else:
            raise ProtocolError("The runner greeted twice.")

    def _ask(self, tasks: TaskGroup, work: Callable[[T], Awaitable[None]], wish: T) -> None:
        """Do in a task of its own what the runner asked for; one that asks without end is hung up on."""
        if self._asked >= _MAX_ASKED:
            raise ProtocolError("The runner asked for too much at once.")
        self._asked += 1
        tasks.start_soon(self._grant, work, wish)

    async def _grant(self, work: Callable[[T], Awaitable[None]], wish: T) -> None:
        try:
            await work(wish)
        finally:
            self._asked -= 1

    async def _journal(self, socket: WebSocket, incarnation: str, inbox: OutboxReceiver) -> None:
        while items := await inbox.take():
            await self._owner.take_items(incarnation, items)
            with suppress(SandboxGoneError):  # it asks for the mark when it is back
                await socket.send_text(encode_frame(Ack(number=items[-1].number)))

    async def _sync(self, request: WorkspaceSync) -> None:
        note = await self._owner.sync_workspace(request)
        try:
            await self.send(WorkspaceSynced(request_id=request.request_id, note=note))
        except SandboxGoneError:
            logger.info("workspace note for %s came too late", self._sandbox.id[:12])

    async def _carry(self, carry_id: str) -> None:
        if not carry_id.isalnum() or len(carry_id) > 64:  # noqa: PLR2004 - ours are 32 hexadecimal digits
            raise ProtocolError("The runner asked for a carry with an impossible id.")
        async with self._carries:
            try:
                async with self.dial(CARRY.format(carry_id=carry_id)) as socket:
                    await self._owner.carry(CarryStream(socket))
            except (AgentHostError, anyio.BrokenResourceError, anyio.EndOfStream, TimeoutError) as err:
                logger.info("carry %s of %s ended: %s", carry_id[:8], self._sandbox.id[:12], err or type(err).__name__)

    def _fail_replies(self) -> None:
        for pending in self._replies.values():
            pending.fail()


class _PendingReply:
    def __init__(self) -> None:
        self._done = anyio.Event()
        self._reply: Reply | None = None

    def settle(self, reply: Reply) -> None:
        self._reply = reply
        self._done.set()

    def fail(self) -> None:
        self._done.set()

    async def result(self) -> Any:
        await self._done.wait()
        if self._reply is None:
            raise SandboxGoneError("The connection to the sandbox broke before it answered.")
        if not self._reply.ok:
            raise TurnError(self._reply.error[:2000] or "The runner refused without a reason.")
        return self._reply.result


def new_request_id() -> str:
    """A fresh id for a command."""
    return uuid4().hex


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
