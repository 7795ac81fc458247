"""What became of one request: collected on the way, then logged and recorded exactly once."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.gateway.model.model_prices import Row, cost_usd
from jupyter_agent_host.host.gateway.model.usage_meter import Reading
from jupyter_agent_host.host.gateway.notebook_scope import LedgerEntry, Scope, Tokens

logger = logging.getLogger(__name__)

_RECORD_SECONDS = 10.0


@dataclass
class Progress:
    """The fields of a `LedgerEntry`, as far as they are known."""

    started: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.monotonic)
    method: str = ""
    path: str = ""
    model: str = ""
    status: int = 0
    refused: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    complete: bool = False
    admitted: bool = False
    reading: Reading = field(default_factory=lambda: Reading(usage=Tokens(), message_id=""))

    def entry(self, prices: Mapping[str, Row]) -> LedgerEntry:
        """The record of the request as it stands now."""
        return LedgerEntry(
            started=self.started,
            duration_ms=round((time.monotonic() - self.clock) * 1000),
            method=self.method,
            path=self.path,
            model=self.model,
            status=self.status,
            refused=self.refused,
            usage=self.reading.usage,
            cost_usd=cost_usd(self.model, self.reading.usage, prices),
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            complete=self.complete,
            message_id=self.reading.message_id[:100],
            admitted=self.admitted,
        )


async def record(entry: LedgerEntry, scope: Scope) -> None:
    """Log one line and hand the entry to the notebook; a ledger that fails is said in the log and survived."""
    logger.info(
        "notebook=%s session=%s %s %s model=%s status=%d refused=%s in=%d out=%d ms=%d complete=%s",
        scope.notebook_id,
        scope.session_id,
        entry.method or "-",
        entry.path or "-",
        entry.model or "-",
        entry.status,
        entry.refused or "-",
        entry.bytes_in,
        entry.bytes_out,
        entry.duration_ms,
        entry.complete,
    )
    with anyio.move_on_after(_RECORD_SECONDS, shield=True) as shield:
        try:
            await scope.record(entry)
        except AgentHostError as err:
            logger.error("notebook %s: a ledger entry is lost: %s", scope.notebook_id, err)  # noqa: TRY400 - a sentence
    if shield.cancelled_caught:
        logger.error("notebook %s: a ledger entry could not be kept in time", scope.notebook_id)
