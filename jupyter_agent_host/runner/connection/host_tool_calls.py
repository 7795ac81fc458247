"""Calls of tools that the host carries out: asked once, open until answered, however often the host comes and goes."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import anyio

from jupyter_agent_host.protocol.control import HostToolAnswer, HostToolCall, HostToolCancel, RunnerFrame
from jupyter_agent_host.protocol.events import Json
from jupyter_agent_host.protocol.host_tools import ToolText, argument_bytes
from jupyter_agent_host.protocol.limits import MAX_TOOL_ARGUMENTS_BYTES, MAX_TOOL_CALLS

_INTERRUPTED = "The call was given up: the turn was interrupted."


class HostTools:
    """All open calls of one runner. `send` says whether a host is connected that will get the frame."""

    def __init__(self, send: Callable[[RunnerFrame], bool]) -> None:
        self._send = send
        self._open: dict[str, _Call] = {}
        self._room = anyio.Semaphore(MAX_TOOL_CALLS)

    async def call(self, session_id: str, turn_id: str, tool_use_id: str, name: str, arguments: Json) -> HostToolAnswer:
        """The host's answer, waited for without limit; cancelling tells the host that nobody waits any more."""
        request_id = uuid4().hex
        size_bytes = argument_bytes(arguments)
        if size_bytes > MAX_TOOL_ARGUMENTS_BYTES:
            said = f"The arguments are {size_bytes} bytes long; at most {MAX_TOOL_ARGUMENTS_BYTES} work."
            return _failed(request_id, said)
        frame = HostToolCall(
            request_id=request_id,
            session_id=session_id,
            turn_id=turn_id,
            tool_use_id=tool_use_id,
            name=name,
            arguments=arguments,
        )
        async with self._room:
            call = self._open[request_id] = _Call(frame)
            try:
                self._send(frame)
                await call.settled.wait()
            finally:
                del self._open[request_id]
                if not call.answered:
                    self._send(HostToolCancel(request_id=request_id))
        return call.answer

    def answered(self, answer: HostToolAnswer) -> None:
        """The host's answer. One to a call that is no longer open is ignored."""
        call = self._open.get(answer.request_id)
        if call is not None and not call.settled.is_set():
            call.answer, call.answered = answer, True
            call.settled.set()

    def host_came(self) -> None:
        """Say every open call again: the host before may have taken it with it."""
        for call in self._open.values():
            if not call.settled.is_set():
                self._send(call.frame)

    def give_up(self, session_id: str) -> None:
        """Nobody waits for what this session has open."""
        for call in self._open.values():
            if call.frame.session_id == session_id:
                call.settled.set()


class _Call:
    def __init__(self, frame: HostToolCall) -> None:
        self.frame = frame
        self.settled = anyio.Event()
        self.answered = False
        self.answer = _failed(frame.request_id, _INTERRUPTED)


def _failed(request_id: str, said: str) -> HostToolAnswer:
    return HostToolAnswer(request_id=request_id, content=(ToolText(said),), is_error=True)
