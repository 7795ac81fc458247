"""Our own line to one kernel: a client of its own, so that no message of ours is taken for the person's."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import anyio
from jupyter_client.asynchronous.client import AsyncKernelClient

from jupyter_agent_host.errors import NotebookUnavailableError

logger = logging.getLogger(__name__)

_CONNECT_SECONDS = 30.0
_ASK_AGAIN_SECONDS = 0.3
_LOOK_AGAIN_SECONDS = 0.01
_ALIVE_SECONDS = 2.0
_RESTART_SECONDS = 20.0
_SHOWN_CODE = 300
_DIED = "The kernel died."
_RESTARTED = "The kernel was restarted or shut down."
_STARTED_ANEW = "The kernel died or was restarted."

Message = Mapping[str, Any]


class KernelExchange:
    """One request of ours: its reply, its idle, and what came on IOPub in between."""

    def __init__(self, message_id: str, on_output: Callable[[Message], None] | None = None) -> None:
        self.message_id = message_id
        self.reply: Message | None = None
        self.failure = ""
        self.replied = anyio.Event()
        self.idle = anyio.Event()
        self._on_output = on_output

    def output(self, message: Message) -> None:
        """One message that the request caused on IOPub."""
        if message["msg_type"] == "status":
            if message["content"].get("execution_state") == "idle":
                self.idle.set()
        elif self._on_output is not None:
            self._on_output(message)

    def answer(self, message: Message) -> None:
        self.reply = message
        self.replied.set()

    def fail(self, sentence: str) -> None:
        self.failure = sentence
        self.replied.set()
        self.idle.set()

    @property
    def answered(self) -> Mapping[str, Any] | None:
        """The reply's content, if that and all outputs are in."""
        return self.reply["content"] if self.reply is not None and self.idle.is_set() and not self.failure else None

    async def done(self) -> Mapping[str, Any]:
        """The reply's content, once all outputs are in.

        Raises:
            NotebookUnavailableError: the kernel went away.
        """
        await self.replied.wait()
        await self.idle.wait()
        if self.reply is None:
            raise NotebookUnavailableError(self.failure)
        content: Mapping[str, Any] = self.reply["content"]
        return content


class KernelLink:
    """A connection to one running kernel. `run` must be running.

    Attributes:
        info: the kernel's `kernel_info_reply`.
        running: code of main-shell executions that began and did not end, by message id: (code, since).
        generation: rises whenever the kernel's process is replaced.
    """

    def __init__(self, manager: Any) -> None:
        self.manager = manager
        self.info: Mapping[str, Any] = {}
        self.running: dict[str, tuple[str, float]] = {}
        self.generation = 0
        self.closed = anyio.Event()
        self._client: AsyncKernelClient = manager.client()
        self._client.session.session = uuid4().hex
        self._exchanges: dict[str, KernelExchange] = {}
        self._connected = anyio.Event()
        self._scope = anyio.CancelScope()
        self._busy_probe: KernelExchange | None = None
        self._silent = False
        self._process = ""
        self._start = manager.ready

    async def run(self) -> None:
        """Read what the kernel says, until `close`."""
        self._client.start_channels(stdin=False, hb=False, control=True)
        try:
            with self._scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._read, self._client.iopub_channel, self._take_iopub)
                    tasks.start_soon(self._read, self._client.shell_channel, self._take_reply)
                    tasks.start_soon(self._read, self._client.control_channel, self._take_reply)
                    tasks.start_soon(self._watch)
                    await self._greet()
                    self._connected.set()
        finally:
            self.closed.set()
            self._fail_all("The kernel is not connected any more.")
            self._client.stop_channels()

    def close(self) -> None:
        """Hang up. The kernel goes on."""
        self._scope.cancel()

    async def connected(self) -> None:
        """Wait for the first answer.

        Raises:
            NotebookUnavailableError: it does not answer.
        """
        with anyio.move_on_after(_CONNECT_SECONDS):
            await self._connected.wait()
        if not self._connected.is_set():
            raise NotebookUnavailableError("The notebook's kernel does not answer.")

    @property
    def busy(self) -> bool:
        """Whether the main shell runs something, or has not answered since we came."""
        return bool(self.running) or (self._busy_probe is not None and not self._busy_probe.replied.is_set())

    def send(
        self,
        channel: str,
        kind: str,
        content: Mapping[str, Any],
        *,
        subshell_id: str | None = None,
        on_output: Callable[[Message], None] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> KernelExchange:
        """Send one request on `shell` or `control`. The caller forgets the exchange when it is done."""
        self._notice_start()
        session = self._client.session
        message = session.msg(kind, dict(content), metadata=dict(metadata or {}))
        if subshell_id is not None:
            message["header"]["subshell_id"] = subshell_id
        exchange = self.expect(message["header"]["msg_id"], on_output)
        (self._client.control_channel if channel == "control" else self._client.shell_channel).send(message)
        return exchange

    def expect(self, message_id: str, on_output: Callable[[Message], None] | None = None) -> KernelExchange:
        """Listen for what another way of asking causes under that message id."""
        exchange = self._exchanges[message_id] = KernelExchange(message_id, on_output)
        return exchange

    def new_header(self, kind: str) -> dict[str, Any]:
        """A header of our session, for code that is run for us without a request."""
        header: dict[str, Any] = self._client.session.msg_header(kind)
        return {**header, "date": header["date"].isoformat()}

    def forget(self, exchange: KernelExchange) -> None:
        """No longer listen for it."""
        self._exchanges.pop(exchange.message_id, None)

    async def _greet(self) -> None:
        self._busy_probe = self.send("shell", "kernel_info_request", {})
        self.info = await self._answer([self._busy_probe])

    async def _answer(self, asked: list[KernelExchange]) -> Mapping[str, Any]:
        """Ask until the kernel answers and its IOPub says so, too: a subscription takes a moment to count.

        Both channels are asked, since kernels such as R's take such a request on the shell alone, and a busy kernel
        answers on control alone.
        """
        asked = list(asked)
        try:
            while True:
                asked += [self.send(channel, "kernel_info_request", {}) for channel in ("control", "shell")]
                with anyio.move_on_after(_ASK_AGAIN_SECONDS):
                    while True:
                        for one in asked:
                            if one.answered is not None:
                                return one.answered
                        await anyio.sleep(_LOOK_AGAIN_SECONDS)
        finally:
            for one in asked:
                if one is not self._busy_probe:
                    self.forget(one)

    async def _read(self, channel: Any, take: Callable[[Message], None]) -> None:
        while True:
            try:
                message = await channel.get_msg(timeout=None)
            except (ValueError, KeyError, TypeError) as err:  # not signed with the kernel's key, or no message at all
                logger.info("a message of a kernel could not be read: %s", err)
                continue
            try:
                take(message)
            except Exception:  # one odd message must not end the line
                logger.exception("a message of a kernel was not understood")
            await asyncio.sleep(0)  # a socket that is never empty would keep the loop from everybody else

    async def revived(self) -> None:
        """Wait for a process that was replaced to answer; one that has answered and lives is not waited for.

        Jupyter starts a kernel that died again by itself. What is sent to the dead one may wait for the next, and run
        there after it was given up here; and what the next one says before our subscription counts is not heard.

        Raises:
            NotebookUnavailableError: it stays dead.
        """
        if not self._silent and not await self._alive():
            self._replaced(_DIED)
        self._notice_start()
        with anyio.move_on_after(_RESTART_SECONDS):
            if self._silent:
                self.info = await self._answer([])
                self._silent = False
        if self._silent:
            raise NotebookUnavailableError("The kernel died and was not started again.")

    def _take_reply(self, message: Message) -> None:
        self._process = message["header"].get("session", "")
        exchange = self._exchanges.get(message["parent_header"].get("msg_id", ""))
        if exchange is not None:
            exchange.answer(message)

    def _take_iopub(self, message: Message) -> None:
        kind, parent = message["msg_type"], message.get("parent_header") or {}
        is_start = kind == "status" and message["content"].get("execution_state") == "starting"
        # The word of a start may come after the first answer of what was started.
        if kind == "shutdown_reply" or (is_start and message["header"].get("session", "") != self._process):
            self._replaced(_RESTARTED)
        if parent.get("msg_type") == "execute_request" and not parent.get("subshell_id"):
            self._note_running(kind, parent["msg_id"], message["content"])
        exchange = self._exchanges.get(parent.get("msg_id", ""))
        if exchange is not None:
            exchange.output(message)

    def _note_running(self, kind: str, message_id: str, content: Mapping[str, Any]) -> None:
        if kind == "execute_input":
            self.running[message_id] = (str(content.get("code", ""))[:_SHOWN_CODE], time.monotonic())
        elif kind == "status" and content.get("execution_state") == "busy":
            self.running.setdefault(message_id, ("", time.monotonic()))
        elif kind == "status" and content.get("execution_state") == "idle":
            self.running.pop(message_id, None)

    def _notice_start(self) -> None:
        """Fail what waits if Jupyter has begun to stop or start a process since the last look.

        The manager makes a new future for each stop and each start. The status messages of a restart may be lost, since
        IOPub drops what is published before our socket has connected again; a request that was sent to the old
        process would then wait forever.
        """
        if self.manager.ready is not self._start:
            self._start = self.manager.ready
            self._replaced(_STARTED_ANEW)  # by a person, or by Jupyter after the process died

    def _replaced(self, sentence: str) -> None:
        """The process behind the line is another one now, or none."""
        self.generation += 1
        self._silent = True
        self.running.clear()
        self._busy_probe = None
        self._fail_all(sentence)

    def _fail_all(self, sentence: str) -> None:
        exchanges, self._exchanges = self._exchanges, {}
        for exchange in exchanges.values():
            exchange.fail(sentence)

    async def _watch(self) -> None:
        """A kernel that died says nothing, so it is asked for."""
        while True:
            await anyio.sleep(_ALIVE_SECONDS)
            self._notice_start()
            if (self._exchanges or self.running) and not await self._alive():
                self._replaced(_DIED)

    async def _alive(self) -> bool:
        with suppress(RuntimeError, OSError):
            return bool(await self.manager.is_alive())
        return False
