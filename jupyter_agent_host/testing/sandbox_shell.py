"""Run shell commands inside any sandbox the way an agent does: a scripted model makes the real agent call its tool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, ByteStream

from jupyter_agent_host.host.sandboxes.control_channel import Channel, new_request_id
from jupyter_agent_host.protocol.control import (
    Hello,
    HostToolCall,
    HostToolCancel,
    OpenSession,
    Outbox,
    Prompt,
    Status,
    TurnEvent,
    WorkspaceSync,
)
from jupyter_agent_host.protocol.events import AnyEvent, ToolResult, TurnEnded
from jupyter_agent_host.sandbox.provider import Sandbox
from jupyter_agent_host.scripted_model import ScriptedModel

_SCRIPT = {
    "name": "runs what it is told",
    "rules": [{"steps": [{"tools": [{"name": "Bash", "input": {"command": "{prompt}"}}]}, {"say": "done"}]}],
}
_TURN_SECONDS = 90


class SandboxShell:
    """One agent in one sandbox that runs what it is told."""

    def __init__(self, channel: Channel, owner: _Owner, session_id: str) -> None:
        self._channel = channel
        self._owner = owner
        self._session_id = session_id

    async def run(self, command: str) -> str:
        """What the command printed, standard error included, as the agent's Bash tool gives it (30 000 characters).

        Raises:
            AssertionError: the turn did not complete.
            TimeoutError: it took longer than 90 seconds.
        """
        turn_id = uuid4().hex
        await self._channel.send(Prompt(session_id=self._session_id, turn_id=turn_id, content=command))
        with anyio.fail_after(_TURN_SECONDS):
            events = await self._owner.turn(turn_id)
        ended = events[-1]
        assert isinstance(ended, TurnEnded) and ended.status == "completed", ended  # noqa: S101, PT018 - a test helper
        return "\n".join(event.text for event in events if isinstance(event, ToolResult))


@asynccontextmanager
async def open_inside(sandbox: Sandbox, token: str) -> AsyncIterator[SandboxShell]:
    """An agent in this sandbox, without a host around it. The sandbox is left running."""
    session_id = str(uuid4())
    async with ScriptedModel(_SCRIPT) as model, anyio.create_task_group() as tasks:
        owner = _Owner(model.url)
        channel = Channel(sandbox, token, owner)
        tasks.start_soon(channel.run)
        await channel.command(OpenSession(request_id=new_request_id(), session_id=session_id, mode="new"))
        yield SandboxShell(channel, owner, session_id)
        tasks.cancel_scope.cancel()


class _Owner:
    """Keeps the events of each turn, and carries every connection to the model."""

    def __init__(self, model_url: str) -> None:
        self._port = urlsplit(model_url).port
        self._events: dict[str, list[AnyEvent]] = {}
        self._news = anyio.Event()

    async def turn(self, turn_id: str) -> list[AnyEvent]:
        """All events of a turn, once it ended."""
        while not (events := self._events.get(turn_id, [])) or not isinstance(events[-1], TurnEnded):
            await self._news.wait()
        return events

    async def connected(self, hello: Hello) -> None:
        """Nothing waits for it."""

    async def outbox_mark(self, incarnation: str) -> int:  # noqa: ARG002 - ChannelOwner's signature
        return 0

    async def take_items(self, incarnation: str, items: Sequence[Outbox]) -> None:  # noqa: ARG002 - as above
        for item in items:
            if isinstance(item.item, TurnEvent):
                self._events.setdefault(item.item.turn_id, []).append(item.item.event)
        self._news.set()
        self._news = anyio.Event()

    async def take_status(self, status: Status) -> None:
        """Nothing waits for it."""

    async def sync_workspace(self, request: WorkspaceSync) -> str:  # noqa: ARG002 - as above
        return ""

    def take_tool_call(self, call: HostToolCall) -> None:
        """Nothing is offered."""

    def cancel_tool_call(self, cancel: HostToolCancel) -> None:
        """Nothing is offered."""

    async def carry(self, stream: ByteStream) -> None:
        assert self._port is not None  # noqa: S101 - a test helper
        async with await anyio.connect_tcp("127.0.0.1", self._port) as upstream, anyio.create_task_group() as tasks:
            tasks.start_soon(_pump, stream, upstream)
            await _pump(upstream, stream)
            tasks.cancel_scope.cancel()


async def _pump(source: ByteReceiveStream, sink: ByteSendStream) -> None:
    try:
        async for data in source:
            await sink.send(data)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return
