"""Questions to a person: asked once, open until answered, however often the host comes and goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import anyio
from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny, ToolPermissionContext

from jupyter_agent_host.protocol.control import AnswerPermission, PermissionMode
from jupyter_agent_host.protocol.events import AnyEvent, PermissionAsked, PermissionSettled

QUESTION_TOOL = "AskUserQuestion"

PermissionResult = PermissionResultAllow | PermissionResultDeny


class _Open:
    def __init__(self) -> None:
        self.settled = anyio.Event()
        self.answer: AnswerPermission | None = None


class Permissions:
    """One session's open questions. In mode `free` only questions of the agent itself reach a person."""

    def __init__(self, mode: PermissionMode, emit: Callable[[AnyEvent], None]) -> None:
        self.mode: PermissionMode = mode
        self._emit = emit
        self._open: dict[str, _Open] = {}

    async def can_use_tool(self, tool: str, given: dict[str, Any], context: ToolPermissionContext) -> PermissionResult:
        """The SDK's callback; waits without limit. The SDK's own suggestions are never echoed: they change modes."""
        if self.mode == "free" and tool != QUESTION_TOOL:
            return PermissionResultAllow()
        permission_id = uuid4().hex
        question = self._open[permission_id] = _Open()
        self._emit(_asked(permission_id, tool, given, context))
        try:
            await question.settled.wait()
        except anyio.get_cancelled_exc_class():
            self._settle(permission_id, "turn_end")
            raise
        finally:
            self._open.pop(permission_id, None)
        return _result(question.answer)

    def answer(self, frame: AnswerPermission) -> None:
        """A person's decision. The host has told it already, since it knows who it was; here it takes effect.

        Questions that are no longer open are ignored.
        """
        question = self._open.get(frame.permission_id)
        if question is not None and not question.settled.is_set():
            question.answer = frame
            question.settled.set()

    def settle_all(self, by: str) -> None:
        """Deny what is open, because of an interrupt or the turn's end."""
        for permission_id in list(self._open):
            self._settle(permission_id, by)

    def _settle(self, permission_id: str, by: str) -> None:
        question = self._open.get(permission_id)
        if question is not None and not question.settled.is_set():
            self._emit(PermissionSettled(request_id=permission_id, decision="deny", by=by))
            question.settled.set()


def _asked(permission_id: str, tool: str, given: dict[str, Any], context: ToolPermissionContext) -> PermissionAsked:
    return PermissionAsked(
        request_id=permission_id,
        tool_name=tool,
        input=given,
        title=context.title or "",
        description=context.description or context.decision_reason or "",
        questions=given.get("questions") if tool == QUESTION_TOOL else None,
    )


def _result(answer: AnswerPermission | None) -> PermissionResult:
    if answer is None:
        return PermissionResultDeny(message="The turn was interrupted.", interrupt=True)
    if answer.decision == "deny":
        return PermissionResultDeny(message=answer.message or "The person said no.")
    updated = answer.updated_input
    return PermissionResultAllow(updated_input=updated if isinstance(updated, dict) else None)
