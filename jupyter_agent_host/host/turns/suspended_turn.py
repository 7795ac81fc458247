"""A turn that waits for a person without a sandbox.

A question stays open for as long as the person likes; its sandbox does not. When nothing but questions kept a turn for
`idle_timeout`, or the server goes down, the sandbox is ended and the turn is parked: its questions stay open in the
journal. Once they are answered, a new sandbox resumes the session and the agent is told what was decided; the calls
that were decided on are then let through, or refused, without asking again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from jupyter_agent_host.host.turns.system_prompt import RESTARTED
from jupyter_agent_host.protocol.events import AnyEvent, EventRecord, PermissionAsked, ToolCall, ToolResult
from jupyter_agent_host.protocol.host_api import AnswerRequest
from jupyter_agent_host.store.digests import digest

WAITS = "waits for your answer"
"""Detail of the `stopped` state of a parked turn's sandbox."""

_SHOWN_CHARACTERS = 4000
_CUT_OFF = "The sandbox was stopped while this call waited for a person's decision."


class AnsweredQuestion(msgspec.Struct, frozen=True):
    """What was asked, what was answered, and who did."""

    asked: PermissionAsked
    answer: AnswerRequest
    by: str


def digest_of(asked: PermissionAsked) -> str:
    """Names the call that a question is about: a decision holds for exactly this call, on cells as they were."""
    details = asked.details if isinstance(asked.details, dict) else {}
    call = msgspec.json.encode((asked.input, details.get("revisions")), order="deterministic")
    return digest(asked.source.encode(), asked.tool_name.encode(), call)


def note(decisions: Sequence[AnsweredQuestion]) -> str:
    """What the agent is told when its turn goes on."""
    lines = [_line(decision) for decision in decisions]
    return (
        f"{RESTARTED}\n[It was stopped while you waited for the person's decision. Now the person has decided:\n"
        + "\n".join(lines)
        + "\nGo on from there with what you were asked.]"
    )


def unanswered(records: Sequence[EventRecord]) -> list[AnyEvent]:
    """Results for the tool calls among a turn's events that will never get one from their sandbox."""
    done = {record.event.tool_use_id for record in records if isinstance(record.event, ToolResult)}
    calls = [record.event for record in records if isinstance(record.event, ToolCall)]
    return [
        ToolResult(tool_use_id=call.tool_use_id, text=_CUT_OFF, size_bytes=len(_CUT_OFF))
        for call in calls
        if call.tool_use_id not in done
    ]


def _line(decision: AnsweredQuestion) -> str:
    asked, answer = decision.asked, decision.answer
    call = f"- {asked.tool_name} {json.dumps(asked.input, ensure_ascii=False)[:_SHOWN_CHARACTERS]}"
    if answer.decision == "deny":
        return f"{call}: denied. {answer.message}".rstrip()
    return f"{call}: allowed. Make this very call again; it will go through."
