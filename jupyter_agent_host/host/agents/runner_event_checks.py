"""What a sandbox says, checked: only events that a runner may tell, only for the session and turn it serves.

A runner replaced by an attacker's program can lie about its own turn; it cannot speak for the host.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_agent_host.protocol.control import Append, Outbox, TurnEvent
from jupyter_agent_host.protocol.events import (
    AnyEvent,
    AssistantText,
    AttemptDiscarded,
    Notice,
    PermissionAsked,
    PermissionSettled,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    TurnEnded,
)
from jupyter_agent_host.protocol.json_depth import is_deep

logger = logging.getLogger(__name__)

_FROM_RUNNER = (
    TextDelta,
    ThinkingDelta,
    AttemptDiscarded,
    AssistantText,
    ToolCall,
    ToolResult,
    PermissionAsked,
    PermissionSettled,
    Notice,
    TurnEnded,
)
_MAX_ID = 128
_ENDS = ("interrupt", "turn_end")
_OPAQUE = ("input", "questions", "images")
"""Fields that hold JSON of any shape."""


@dataclass(frozen=True)
class Checked:
    """One outbox item that may go on: transcript entries, or one event of the turn."""

    append: Append | None = None
    turn_id: str = ""
    event: AnyEvent | None = None


def check_items(items: Sequence[Outbox], *, session_id: str, turn_id: str) -> list[Checked]:
    """Keep what belongs to `session_id` and, for events, to `turn_id` or no turn; log and drop the rest."""
    return [checked for item in items if (checked := _check(item.item, session_id, turn_id)) is not None]


def _check(item: Append | TurnEvent, session_id: str, turn_id: str) -> Checked | None:
    if item.session_id != session_id:
        logger.warning("a sandbox spoke of session %.40r, which is not its own", item.session_id)
        return None
    if isinstance(item, Append):
        return Checked(append=item) if _safe_subpath(item.subpath) else None
    event = item.event
    if not _acceptable(event):
        return None
    if item.turn_id not in ("", turn_id):
        logger.info("a late event of turn %.40r was dropped", item.turn_id)
        return None
    if isinstance(event, TurnEnded) and not item.turn_id:
        return None
    if isinstance(event, PermissionSettled):
        event = PermissionSettled(request_id=event.request_id, decision="deny", by=_settled_by(event))
    return Checked(turn_id=item.turn_id, event=event)


def _settled_by(event: PermissionSettled) -> str:
    """Inside, a question only ends with its turn: whoever else is named, and whatever else was decided, is made up."""
    return event.by if event.by in _ENDS else "turn_end"


def _acceptable(event: AnyEvent) -> bool:
    name = type(event).__name__
    if not isinstance(event, _FROM_RUNNER):
        logger.warning("a sandbox sent a %s event, which only the host may", name)
        return False
    if any(is_deep(getattr(event, field)) for field in _OPAQUE if hasattr(event, field)):
        logger.warning("a sandbox sent a %s event that is nested too deep to be read later", name)
        return False
    return True


def _safe_subpath(subpath: str) -> bool:
    parts = subpath.split("/")
    safe = len(subpath) <= _MAX_ID * 2 and (subpath == "" or all(part not in ("", ".", "..") for part in parts))
    if not safe:
        logger.warning("a sandbox named an impossible transcript path")
    return safe
