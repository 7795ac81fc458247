"""What a widget's page is told: small JSON, whatever the length of the conversation. Pure, but for a cache.

A widget's state is kept by every page, and in the notebook where people save it there. So old turns are left out, and
long ones are shortened, until all of it fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from jupyter_agent_host.notebook.turns.conversation import Conversation, ConversationTurn
from jupyter_agent_host.notebook.turns.line_questions import questions_in
from jupyter_agent_host.notebook.widget.markdown_nodes import markdown_nodes
from jupyter_agent_host.protocol.host_api import NotebookInfo
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.turn_view import NoticePart, Part, PermissionPart, TextPart, ToolPart, TurnView

MAX_TURN_BYTES = 24_000
MAX_TURNS_BYTES = 96_000
MAX_RUNNING = 4
MAX_QUESTIONS = 10
MAX_OPTIONS = 20
_PROMPT_BYTES = 2000
_ASKED_BYTES = 8000


@dataclass(frozen=True)
class _Caps:
    text_bytes: int
    tool_bytes: int
    parts: int


_LADDER = (_Caps(16_000, 1500, 60), _Caps(6_000, 400, 40), _Caps(1_500, 100, 20), _Caps(300, 40, 8))


class StateWriter:
    """Writes a conversation for the page. Turns that ended, and parts that did not change, are written once."""

    def __init__(self) -> None:
        self._ended: dict[str, tuple[int, dict[str, Any]]] = {}
        self._parts: dict[tuple[str, _Caps], tuple[Part, dict[str, Any]]] = {}

    def past(self, conversation: Conversation) -> dict[str, Any]:
        """The last turns that have ended and fit, oldest first; how many earlier ones are left out; the session."""
        chosen: list[dict[str, Any]] = []
        left, ended = MAX_TURNS_BYTES, [turn for turn in conversation.turns if turn.view.ended is not None]
        for turn in reversed(ended):
            size, written = self._once(turn, conversation.info)
            left -= size
            if left < 0 and chosen:
                break
            chosen.insert(0, written)
        self._ended = {turn["id"]: self._ended[turn["id"]] for turn in chosen}
        session = conversation.info.session_id if conversation.info else ""
        return {"turns": chosen, "earlier": conversation.earlier + len(ended) - len(chosen), "session": session}

    def running(self, conversation: Conversation) -> list[dict[str, Any]]:
        """The turn that runs, and the first of those that wait."""
        turns = conversation.running[:MAX_RUNNING]
        if not turns:
            self._parts.clear()
        return [self._turn(turn, conversation.info) for turn in turns]

    def _once(self, turn: ConversationTurn, info: NotebookInfo | None) -> tuple[int, dict[str, Any]]:
        known = self._ended.get(turn.view.turn_id)
        if known is None:
            written = self._turn(turn, info)
            known = self._ended[turn.view.turn_id] = (_size(written), written)
        return known

    def _turn(self, turn: ConversationTurn, info: NotebookInfo | None) -> dict[str, Any]:
        """One turn, at most about `MAX_TURN_BYTES` of JSON."""
        written: dict[str, Any] = {}
        for caps in _LADDER:
            written = {**_frame(turn, info, caps), "parts": self._parts_of(turn.view, caps)}
            if _size(written) <= MAX_TURN_BYTES:
                break
        return written

    def _parts_of(self, view: TurnView, caps: _Caps) -> list[dict[str, Any]]:
        """The parts, the middle left out where there are too many; open questions are never left out."""
        parts = list(enumerate(view.parts))
        if len(parts) > caps.parts:
            half = caps.parts // 2
            middle = [item for item in parts[half:-half] if _is_open(item[1])]
            count = len(parts) - 2 * half - len(middle)
            told = NoticePart(level="info", code="shortened", text=f"{count} steps are left out here.")
            parts = [*parts[:half], (half, told), *middle, *parts[-half:]]
        over = view.ended is not None
        return [self._part(f"{view.turn_id}/{index}", part, caps, over=over) for index, part in parts]

    def _part(self, key: str, part: Part, caps: _Caps, *, over: bool) -> dict[str, Any]:
        known = self._parts.get((key, caps))
        if known is not None and known[0] is part and not _is_open(part):
            return known[1]
        written = {"key": f"{key}/{type(part).__name__}", **_part(part, caps, over=over)}
        self._parts[key, caps] = (part, written)
        return written


def header(conversation: Conversation) -> dict[str, Any]:
    """What stands above the conversation."""
    info = conversation.info
    if info is None:
        return {"state": conversation.state, "problem": conversation.problem}
    return {
        "state": conversation.state,
        "problem": conversation.problem,
        "trust": info.trust,
        "title": info.path.rpartition("/")[2],
        "sandbox": info.state,
        "place": turn_description.one_line(info.isolation, 80),
        "isolated": info.isolation_level != "none",
        "bound": info.workspace_mode == "bind",
        "scripted": info.scripted_model,
        "model": turn_description.one_line(info.model, 60),
        "mode": info.permission_mode,
        "cost": f"about ${info.cost_usd:.4f}" + (f" of ${info.budget_usd:.2f}" if info.budget_usd is not None else ""),
        "waiting": max(0, len(conversation.running) - 1),
    }


def _frame(turn: ConversationTurn, info: NotebookInfo | None, caps: _Caps) -> dict[str, Any]:
    """All of a turn but its parts."""
    view = turn.view
    ended = view.ended
    return {
        "id": view.turn_id,
        "first": turn.first_event,
        "origin": turn.origin,
        "status": ended.status if ended else "running",
        "prompt": turn_description.capped(turn_description.readable(view.prompt), min(_PROMPT_BYTES, caps.text_bytes)),
        "files": [turn_description.file_line(change) for change in view.files[: caps.parts]],
        "ending": turn_description.ending(view),
        "footer": " · ".join(turn_description.footer(view, info)) if ended else "",
        "thinking": view.thinking,
    }


def _is_open(part: Part) -> bool:
    return isinstance(part, PermissionPart) and part.settled is None


def _part(part: Part, caps: _Caps, *, over: bool) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"kind": "text", "nodes": markdown_nodes(turn_description.capped(part.text, caps.text_bytes))}
        case ToolPart():
            return _tool(part, caps)
        case PermissionPart():
            return _question(part, over=over)
        case NoticePart():
            return {"kind": "note", "level": part.level, "text": turn_description.notice_line(part)}


def _tool(part: ToolPart, caps: _Caps) -> dict[str, Any]:
    result = part.result
    size = result.size_bytes if result else 0
    return {
        "kind": "tool",
        "name": turn_description.one_line(part.name, 60),
        "about": turn_description.headline(part).removeprefix(f"{turn_description.one_line(part.name, 60)}: "),
        "arguments": turn_description.capped(turn_description.arguments(part), caps.tool_bytes),
        "result": turn_description.capped(turn_description.result_text(part), caps.tool_bytes, size_bytes=size)
        if result
        else None,
        "failed": bool(result and result.is_error),
        "inner": bool(part.parent),
    }


def _question(part: PermissionPart, *, over: bool) -> dict[str, Any]:
    """An open question says exactly what would be done; its end is what the page may not cut off."""
    asked = part.asked
    if part.settled is not None or over:
        return {"kind": "settled", "text": turn_description.permission_line(part) if part.settled else "Not answered."}
    call = ToolPart(tool_use_id="", name=asked.tool_name, input=asked.input)
    return {
        "kind": "question",
        "id": asked.request_id,
        "title": turn_description.one_line(asked.title)
        or f"The agent wants to use {turn_description.one_line(asked.tool_name, 60)}",
        "about": turn_description.one_line(asked.description, 300),
        "arguments": turn_description.capped(turn_description.arguments(call), _ASKED_BYTES),
        "leaves": asked.source == "host",
        "questions": [
            {
                "question": str(question["question"])[:300],
                "many": bool(question.get("multiSelect")),
                "options": [
                    {"label": str(option.get("label", ""))[:200], "about": str(option.get("description", ""))[:200]}
                    for option in question["options"][:MAX_OPTIONS]
                ],
            }
            for question in questions_in(asked.questions)[:MAX_QUESTIONS]
        ],
    }


def _size(value: object) -> int:
    return len(msgspec.json.encode(value))
