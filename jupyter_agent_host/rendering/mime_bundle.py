"""The final output of a turn: one MIME bundle of three renderings that is small enough to be kept in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from jupyter_agent_host.protocol.events import Json, Usage
from jupyter_agent_host.protocol.host_api import NotebookInfo
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.turn_markdown import MarkdownCaps, markdown_turn
from jupyter_agent_host.rendering.turn_plain_text import PlainCaps, plain_turn
from jupyter_agent_host.rendering.turn_view import NoticePart, Part, PermissionPart, TextPart, ToolPart, TurnView

TURN_TYPE = "application/vnd.jupyter-agent-host.turn.v1+json"
MAX_FINAL_BYTES = 400_000
TURN_VERSION = 1


@dataclass(frozen=True)
class _Caps:
    tool_bytes: int
    text_bytes: int
    parts: int


_LADDER = (
    _Caps(tool_bytes=4096, text_bytes=200_000, parts=2000),
    _Caps(tool_bytes=1024, text_bytes=100_000, parts=1000),
    _Caps(tool_bytes=256, text_bytes=50_000, parts=300),
    _Caps(tool_bytes=128, text_bytes=10_000, parts=60),
    _Caps(tool_bytes=64, text_bytes=1_000, parts=20),
)
"""Ever less of each part, until the whole fits."""


def final_bundle(
    view: TurnView, info: NotebookInfo | None = None, *, filled: tuple[tuple[str, str], ...] = ()
) -> dict[str, Any]:
    """MIME type to data: the rich turn, Markdown and plain text, together at most `MAX_FINAL_BYTES` as JSON."""
    bundle: dict[str, Any] = {}
    for caps in _LADDER:
        shown = _shortened(view, caps.parts)
        bundle = {
            TURN_TYPE: turn_json(shown, info, tool_bytes=caps.tool_bytes, text_bytes=caps.text_bytes),
            "text/markdown": markdown_turn(
                shown,
                info,
                filled=filled,
                caps=MarkdownCaps(tool_bytes=caps.tool_bytes, text_bytes=caps.text_bytes),
            ),
            "text/plain": plain_turn(shown, info, filled=filled, caps=PlainCaps(text_bytes=caps.text_bytes)),
        }
        if size_bytes(bundle) <= MAX_FINAL_BYTES:
            break
    return bundle


def size_bytes(bundle: Json) -> int:
    """How much a bundle, or a part of one, weighs on the wire and in a notebook."""
    return len(msgspec.json.encode(bundle))


def reference(view: TurnView) -> dict[str, Any]:
    """The rich type while the turn runs: no more than which turn it is; a front end asks the server for the rest."""
    return {
        "version": TURN_VERSION,
        "status": "running",
        "notebookId": view.notebook_id,
        "turnId": view.turn_id,
        "sessionId": view.session_id,
    }


def turn_json(view: TurnView, info: NotebookInfo | None, *, tool_bytes: int, text_bytes: int) -> dict[str, Any]:
    """The rich turn, version 1. Agent text in it is as it came: a renderer must treat it as hostile."""
    ended = view.ended
    return {
        "version": TURN_VERSION,
        "status": ended.status if ended else "detached",
        "notebookId": view.notebook_id,
        "turnId": view.turn_id,
        "sessionId": view.session_id,
        "prompt": turn_description.capped(view.prompt, tool_bytes),
        "model": view.model,
        "parts": [_part_json(part, tool_bytes, text_bytes) for part in view.parts],
        "files": [{"path": f.path, "action": f.action, "sizeBytes": f.size_bytes} for f in view.files],
        "ending": turn_description.ending(view),
        "usage": _usage_json(ended.usage) if ended else None,
        "costUsd": ended.cost_usd if ended else None,
        "durationMs": ended.duration_ms if ended else None,
        "labels": turn_description.labels(view, info),
        "scriptedModel": bool(info and info.scripted_model),
        "isolationLevel": info.isolation_level if info else "",
    }


def _usage_json(usage: Usage) -> dict[str, int]:
    return {
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "cacheReadInputTokens": usage.cache_read_input_tokens,
        "cacheCreationInputTokens": usage.cache_creation_input_tokens,
    }


def _part_json(part: Part, tool_bytes: int, text_bytes: int) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": turn_description.capped(part.text, text_bytes)}
        case ToolPart():
            return {
                "type": "tool",
                "id": part.tool_use_id,
                "parent": part.parent,
                "title": turn_description.headline(part),
                "name": part.name,
                "arguments": turn_description.capped(turn_description.arguments(part), tool_bytes),
                "input": part.input if size_bytes(part.input) <= tool_bytes else None,
                "result": None if part.result is None else _result_json(part, tool_bytes),
            }
        case PermissionPart():
            return {"type": "permission", "id": part.asked.request_id, "text": turn_description.permission_line(part)}
        case NoticePart():
            return {"type": "notice", "level": part.level, "code": part.code, "text": part.text[:1000]}


def _result_json(part: ToolPart, tool_bytes: int) -> dict[str, Any]:
    result = part.result
    return {
        "text": turn_description.capped(turn_description.result_text(part), tool_bytes),
        "isError": bool(result and result.is_error),
        "sizeBytes": result.size_bytes if result else 0,
        "durationMs": result.duration_ms if result else 0,
        "images": len(result.images) if result else 0,
    }


def _shortened(view: TurnView, parts: int) -> TurnView:
    """First and last parts of a turn that has too many of them."""
    if len(view.parts) <= parts and len(view.files) <= parts:
        return view
    half = parts // 2
    left_out = NoticePart(
        level="info",
        code="shortened",
        text=f"{len(view.parts) - 2 * half} steps are left out here; `%agent history` has the whole session.",
    )
    kept = view.parts if len(view.parts) <= parts else (*view.parts[:half], left_out, *view.parts[-half:])
    return replace(view, parts=kept, files=view.files[:parts])
