"""How a turn ends, in words for a person and figures from the ledger."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.protocol.events import TurnEnded
from jupyter_agent_host.store.journal.new_items import NewEvent
from jupyter_agent_host.store.journal.rows import LedgerSum, TurnRow

NOBODY = "Nobody is there to answer: this notebook runs without a person. Go on without it."


def interrupted() -> TurnEnded:
    """A turn that was stopped before a runner had it."""
    return TurnEnded(status="interrupted", error="Interrupted.", error_code="interrupted")


def taken_back() -> TurnEnded:
    """A prompt that a person took out of the queue."""
    return TurnEnded(status="interrupted", error="Taken back before it began.", error_code="taken_back")


def failed(error: Exception) -> TurnEnded:
    """A turn that could not be carried out."""
    if isinstance(error, AgentHostError):
        return TurnEnded(status="error", error=str(error), error_code=error.code)
    if isinstance(error, TimeoutError):
        return TurnEnded(status="error", error="The sandbox did not answer in time. Try again.", error_code="timeout")
    if isinstance(error, OSError):
        return TurnEnded(status="error", error=f"The machine refused: {error}.", error_code="os_error")
    text = f"The host has a bug ({type(error).__name__}); its log says more. Try again."
    return TurnEnded(status="error", error=text, error_code="internal")


def final(ended: TurnEnded, *, spent: LedgerSum, over_budget: bool) -> TurnEnded:
    """The runner's account of the turn with the gateway's figures, since the runner is not believed about money."""
    status = "budget" if over_budget and ended.status == "error" else ended.status
    return msgspec.structs.replace(ended, status=status, cost_usd=spent.cost_usd, usage=spent.usage)


def refusal_note(by_reason: Mapping[str, Sequence[str]]) -> str:
    """What the agent is told about files that were not copied out; "" when there are none."""
    if not by_reason:
        return ""
    lines = [f"- {', '.join(paths[:20])}: {reason}" for reason, paths in by_reason.items()]
    return (
        "These changes stay inside the sandbox until the person allows them (`%agent grant PATH` in a cell):\n"
        + "\n".join(lines)
    )


def event_of(turn: TurnRow, ended: TurnEnded) -> NewEvent:
    """The end of a turn that no agent drives any more."""
    return NewEvent(
        notebook_id=turn.notebook_id, session_id=turn.session_id, turn_id=turn.turn_id, event=ended, time=time.time()
    )
