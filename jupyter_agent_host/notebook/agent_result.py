"""What `-o VAR` leaves in the person's namespace."""

from __future__ import annotations

from dataclasses import dataclass, field

from jupyter_agent_host.protocol.events import EventRecord, FileChange, Usage
from jupyter_agent_host.rendering.turn_view import TurnView

_PREVIEW = 60


@dataclass(frozen=True)
class AgentResult:
    """One answered turn.

    Attributes:
        text: the agent's words.
        events: everything that happened, in order.
        usage: tokens; `cost_usd` is an estimate in US dollars.
        session_id: the session that the turn belongs to; `turn_id` the turn itself.
        files_changed: what the agent changed beside the notebook.
        status: completed, interrupted, max_turns, budget, error, or detached (it was left running in the server).
        error: why it is not completed, as a sentence.
    """

    text: str
    events: tuple[EventRecord, ...] = field(repr=False)
    usage: Usage
    cost_usd: float
    session_id: str
    turn_id: str
    files_changed: tuple[FileChange, ...] = ()
    status: str = "completed"
    error: str = ""
    model: str = ""
    duration_seconds: float = 0.0

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        preview = " ".join(self.text.split())
        if len(preview) > _PREVIEW:
            preview = preview[: _PREVIEW - 1] + "…"
        files = f", {len(self.files_changed)} files changed" if self.files_changed else ""
        return f"<AgentResult {self.status}: {preview!r}{files}, ${self.cost_usd:.4f}>"


def result_of(view: TurnView, events: tuple[EventRecord, ...]) -> AgentResult:
    """The result of a turn as far as it was seen."""
    ended = view.ended
    return AgentResult(
        text=view.text,
        events=events,
        usage=ended.usage if ended else Usage(),
        cost_usd=ended.cost_usd if ended else 0.0,
        session_id=view.session_id,
        turn_id=view.turn_id,
        files_changed=view.files,
        status=ended.status if ended else "detached",
        error=ended.error if ended else "",
        model=view.model,
        duration_seconds=ended.duration_ms / 1000 if ended else 0.0,
    )
