"""Saved state that a notebook brings and nobody here has vouched for yet."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_agent_host.protocol.host_api import TurnSummary
from jupyter_agent_host.store.envelope.envelope import Envelope, history_of


@dataclass(frozen=True)
class UntrustedSession:
    """What the notebook says of itself: checked in shape, size and digests; believed by nobody yet."""

    envelope: Envelope

    @property
    def history(self) -> tuple[TurnSummary, ...]:
        """The turns that it tells of, for reading only."""
        return tuple(
            TurnSummary(
                turn_id=turn.turn_id,
                session_id=turn.session_id,
                prompt=turn.prompt,
                text=turn.text,
                status=turn.status,
                started=turn.started,
                duration_ms=turn.duration_ms,
                cost_usd=turn.cost_usd,
                usage=turn.usage,
                cell_id=turn.cell_id,
                model=turn.model,
            )
            for turn in history_of(self.envelope)
        )
