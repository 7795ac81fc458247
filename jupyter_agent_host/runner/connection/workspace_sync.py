"""After each tool call the host copies changed files out; the agent goes on when that is done, or after a while."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import anyio

from jupyter_agent_host.protocol.control import RunnerFrame, WorkspaceSync, WorkspaceSynced

WAIT_SECONDS = 15.0


class WorkspaceGate:
    """Asks the host and waits for it. `send` says whether a host is connected that will get the frame."""

    def __init__(self, send: Callable[[RunnerFrame], bool]) -> None:
        self._send = send
        self._open: dict[str, _Request] = {}

    async def sync(self, session_id: str, turn_id: str, tool_name: str) -> str:
        """The host's note to the agent, "" for nothing to say, for no host, and for one that takes too long."""
        request_id = uuid4().hex
        frame = WorkspaceSync(request_id=request_id, session_id=session_id, turn_id=turn_id, tool_name=tool_name)
        request = self._open[request_id] = _Request()
        try:
            if self._send(frame):
                with anyio.move_on_after(WAIT_SECONDS):
                    await request.done.wait()
        finally:
            del self._open[request_id]
        return request.note

    def synced(self, frame: WorkspaceSynced) -> None:
        """The host's answer. One that comes too late is ignored."""
        request = self._open.get(frame.request_id)
        if request is not None:
            request.note = frame.note
            request.done.set()

    def host_left(self) -> None:
        """Nobody will answer what is open."""
        for request in self._open.values():
            request.done.set()


class _Request:
    def __init__(self) -> None:
        self.done = anyio.Event()
        self.note = ""
