"""A real runner as a subprocess on a unix socket, and a small host that dials it."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import anyio
import anyio.abc
import msgspec

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.sandboxes.websocket_client import CarryStream, WebSocket
from jupyter_agent_host.protocol.control import (
    Ack,
    AnyRunnerFrame,
    Append,
    CarryWanted,
    CloseSession,
    Hello,
    HostFrame,
    HostToolAnswer,
    HostToolCall,
    HostToolCancel,
    OpenSession,
    Outbox,
    Prompt,
    Reply,
    SessionOptions,
    SessionStatus,
    Status,
    TurnEvent,
    Welcome,
    WorkspaceSync,
    WorkspaceSynced,
    decode_runner_frame,
    encode_frame,
)
from jupyter_agent_host.protocol.events import (
    AnyEvent,
    AssistantText,
    AttemptDiscarded,
    TextDelta,
    TurnEnded,
)
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.protocol.runner_http import Health, TranscriptLine
from jupyter_agent_host.protocol.runner_start import RunnerStart, encode_start
from jupyter_agent_host.scripted_model import ScriptedModel

TOKEN = "t" * 40
PATIENCE_SECONDS = 60
PROMPT = "You are an agent in a test."


class Journal:
    """What a host keeps: every outbox item once, in order, over all of its connections."""

    def __init__(self) -> None:
        self.items: list[Outbox] = []
        self.changed = anyio.Event()

    @property
    def last(self) -> int:
        return self.items[-1].number if self.items else 0

    def take(self, item: Outbox) -> None:
        assert item.number <= self.last + 1, "an item is missing"
        if item.number == self.last + 1:
            self.items.append(item)
            changed, self.changed = self.changed, anyio.Event()
            changed.set()

    def events(self, turn_id: str | None = None) -> list[AnyEvent]:
        return [
            item.item.event
            for item in self.items
            if isinstance(item.item, TurnEvent) and turn_id in (None, item.item.turn_id)
        ]

    def transcript(self, session_id: str) -> bytes:
        """As JSON lines for an upload, each entry once."""
        lines: list[bytes] = []
        for item in self.items:
            if isinstance(item.item, Append) and item.item.session_id == session_id:
                lines += [
                    msgspec.json.encode(TranscriptLine(subpath=item.item.subpath, entry=entry))
                    for entry in item.item.entries
                ]
        return b"\n".join(lines)

    async def event(self, kind: type[Any], turn_id: str | None = None, *, count: int = 1) -> Any:
        """The `count`-th event of that kind."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while True:
                changed = self.changed
                found = [event for event in self.events(turn_id) if isinstance(event, kind)]
                if len(found) >= count:
                    return found[count - 1]
                await changed.wait()


def shown(events: list[AnyEvent]) -> str:
    """The text that a surface shows after these events."""
    finished: dict[str, list[str]] = {}
    running: dict[str, str] = {}
    for event in events:
        if isinstance(event, TextDelta):
            finished.setdefault(event.message_id, [])
            running[event.message_id] = running.get(event.message_id, "") + event.text
        elif isinstance(event, AssistantText):
            finished.setdefault(event.message_id, []).append(event.text)
            running.pop(event.message_id, None)
        elif isinstance(event, AttemptDiscarded):
            finished.pop(event.message_id, None)
            running.pop(event.message_id, None)
    return "".join("".join(texts) + running.get(message_id, "") for message_id, texts in finished.items())


class Host:
    """One control connection, and the carries that it is asked for."""

    def __init__(self, rig: Rig, journal: Journal, upstream: str, socket: WebSocket, hello: Hello) -> None:
        self._rig = rig
        self._upstream = urlsplit(upstream)
        self._socket = socket
        self._replies: dict[str, Reply] = {}
        self._changed = anyio.Event()
        self.journal = journal
        self.hello = hello
        self.statuses: list[tuple[SessionStatus, ...]] = [hello.sessions]
        self.syncs: list[WorkspaceSync] = []
        self.wanted: list[str] = []
        self.note = ""
        self.tool_calls: list[HostToolCall] = []
        self.tool_cancels: list[str] = []
        self.tool: Callable[[HostToolCall], HostToolAnswer | None] = lambda _: None
        self.later: Callable[..., None] = lambda *_: None
        self.answer_syncs = True
        self.acks = True
        self.stops_reading = False
        self.cut_after: int | None = None
        self.ended = anyio.Event()

    async def send(self, frame: HostFrame) -> None:
        await self._socket.send_text(encode_frame(frame))

    async def send_raw(self, data: bytes) -> None:
        await self._socket.send_text(data)

    async def command(self, frame: Any) -> Reply:
        await self.send(frame)
        await self.until(lambda: frame.request_id in self._replies)
        return self._replies[frame.request_id]

    async def open(self, session_id: str, **options: Any) -> Reply:
        mode = options.pop("mode", "new")
        source = options.pop("source_session_id", "")
        fork_at = options.pop("fork_at", "")
        wanted = SessionOptions(model="claude-sonnet-5", system_prompt=PROMPT, **options)
        frame = OpenSession(
            request_id=uuid4().hex,
            session_id=session_id,
            mode=mode,
            source_session_id=source,
            fork_at=fork_at,
            options=wanted,
        )
        return await self.command(frame)

    async def close_session(self, session_id: str) -> Reply:
        return await self.command(CloseSession(request_id=uuid4().hex, session_id=session_id))

    async def prompt(self, session_id: str, content: Any) -> str:
        turn_id = uuid4().hex
        await self.send(Prompt(session_id=session_id, turn_id=turn_id, content=content))
        return turn_id

    async def turn(self, session_id: str, content: Any) -> tuple[TurnEnded, list[AnyEvent]]:
        turn_id = await self.prompt(session_id, content)
        end: TurnEnded = await self.journal.event(TurnEnded, turn_id)
        return end, self.journal.events(turn_id)

    async def serve(self, tasks: anyio.abc.TaskGroup) -> None:
        self.later = tasks.start_soon
        try:
            while True:
                await self._take(decode_runner_frame(await self._socket.receive()), tasks)
                if self.stops_reading and self.wanted:
                    await anyio.sleep_forever()
        except (anyio.EndOfStream, AgentHostError):
            self.ended.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something about this host is true."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while not true():
                changed = self._changed
                await changed.wait()

    async def _take(self, frame: AnyRunnerFrame, tasks: anyio.abc.TaskGroup) -> None:
        if isinstance(frame, Outbox):
            self.journal.take(frame)
            if self.acks:
                await self.send(Ack(number=frame.number))
        elif isinstance(frame, Reply):
            self._replies[frame.request_id] = frame
        elif isinstance(frame, CarryWanted):
            self.wanted.append(frame.carry_id)
            tasks.start_soon(self._carry, frame.carry_id)
        elif isinstance(frame, WorkspaceSync):
            self.syncs.append(frame)
            if self.answer_syncs:
                await self.send(WorkspaceSynced(request_id=frame.request_id, note=self.note))
        elif isinstance(frame, Status):
            self.statuses.append(frame.sessions)
        else:
            await self._take_tool(frame)
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    async def _take_tool(self, frame: AnyRunnerFrame) -> None:
        if isinstance(frame, HostToolCall):
            self.tool_calls.append(frame)
            answer = self.tool(frame)
            if answer is not None:
                await self.send(answer)
        elif isinstance(frame, HostToolCancel):
            self.tool_cancels.append(frame.request_id)

    async def _carry(self, carry_id: str) -> None:
        socket = await WebSocket.dial(await self._rig.connect(), f"/carry/{carry_id}", TOKEN)
        port = self._upstream.port
        assert port is not None
        try:
            async with (
                await anyio.connect_tcp("127.0.0.1", port) as upstream,
                CarryStream(socket) as inside,
                anyio.create_task_group() as tasks,
            ):
                tasks.start_soon(self._copy, inside, upstream, tasks)
                await self._copy(upstream, inside, tasks, counting=True)
        except (anyio.BrokenResourceError, anyio.EndOfStream, AgentHostError, OSError):
            await socket.aclose()

    async def _copy(
        self,
        source: anyio.abc.ByteStream,
        target: anyio.abc.ByteStream,
        tasks: anyio.abc.TaskGroup,
        *,
        counting: bool = False,
    ) -> None:
        deltas = 0
        try:
            while True:
                data = await source.receive(65536)
                deltas += len(re.findall(rb"event: content_block_delta", data)) if counting else 0
                await target.send(data)
                if self.cut_after is not None and deltas >= self.cut_after:
                    self.cut_after = None
                    break
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass  # either side ended: so does the carry
        tasks.cancel_scope.cancel()


class Rig:
    """One runner process."""

    def __init__(self, start: RunnerStart, process: anyio.abc.Process, log: Path) -> None:
        self.start = start
        self.process = process
        self.log = log
        self.workdir = Path(start.workdir)

    async def connect(self) -> anyio.abc.ByteStream:
        return await anyio.connect_unix(self.start.socket_path)

    async def request(self, method: str, path: str, body: bytes = b"", token: str = TOKEN) -> tuple[int, bytes]:
        async with await self.connect() as stream:
            head = (
                f"{method} {path} HTTP/1.1\r\nHost: runner\r\nConnection: close\r\n"
                f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            await stream.send(head.encode() + body)
            data = b""
            try:
                while True:
                    data += await stream.receive()
            except anyio.EndOfStream:
                pass
        head_bytes, _, rest = data.partition(b"\r\n\r\n")
        return int(head_bytes.split()[1]), rest

    async def health(self) -> Health:
        status, body = await self.request("GET", "/healthz")
        assert status == 200
        return msgspec.json.decode(body, type=Health)

    async def upload(self, session_id: str, transcript: bytes) -> int:
        status, _ = await self.request("PUT", f"/sessions/{session_id}/transcript", transcript)
        return status

    @asynccontextmanager
    async def host(self, upstream: str, journal: Journal | None = None) -> AsyncIterator[Host]:
        """A host until the block ends; then its connections break without a goodbye."""
        journal = journal or Journal()
        stream = await self.connect()
        socket = await WebSocket.dial(stream, "/control", TOKEN)
        hello = decode_runner_frame(await socket.receive())
        assert isinstance(hello, Hello)
        await socket.send_text(encode_frame(Welcome(protocol=PROTOCOL_VERSION, acked=journal.last)))
        host = Host(self, journal, upstream, socket, hello)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(host.serve, tasks)
                yield host
                tasks.cancel_scope.cancel()
        finally:
            await anyio.aclose_forcefully(stream)


@asynccontextmanager
async def running_runner(folder: Path, **settings: Any) -> AsyncIterator[Rig]:
    """A runner until the block ends."""
    (folder / "w").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run", dir="/tmp") as short:
        start = RunnerStart(
            **{
                "token": TOKEN,
                "socket_path": f"{short}/s",
                "require_outside_peer": False,
                "workdir": str(folder / "w"),
                "config_dir": str(folder / "c"),
                **settings,
            }
        )
        log = folder / f"runner-{uuid4().hex}.log"
        with log.open("wb") as log_file:
            process = await anyio.open_process(
                [sys.executable, "-m", "jupyter_agent_host.runner"], stdout=None, stderr=log_file
            )
        try:
            assert process.stdin is not None
            await process.stdin.send(encode_start(start))
            with anyio.fail_after(20):
                while not await anyio.Path(start.socket_path).exists():
                    assert process.returncode is None, log.read_text()
                    await anyio.sleep(0.02)
            yield Rig(start, process, log)
        finally:
            if process.returncode is None:
                process.kill()
            with anyio.CancelScope(shield=True):
                await process.wait()
                await process.aclose()


@asynccontextmanager
async def one_session(
    folder: Path, script: dict[str, Any], **options: Any
) -> AsyncIterator[tuple[ScriptedModel, Rig, Host, str]]:
    """The usual scene: a scripted model, a runner, a host, and one new session."""
    async with ScriptedModel(script) as model, running_runner(folder) as rig, rig.host(model.url) as host:
        session = new_id()
        reply = await host.open(session, **options)
        assert reply.ok, reply.error
        yield model, rig, host, session


def new_id() -> str:
    return str(uuid4())
