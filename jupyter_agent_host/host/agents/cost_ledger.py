"""What the gateway may do for one notebook: its budget, and the ledger of record."""

from __future__ import annotations

import anyio

from jupyter_agent_host.errors import BudgetExceededError
from jupyter_agent_host.host.audit import AuditLog
from jupyter_agent_host.host.gateway.notebook_scope import LedgerEntry
from jupyter_agent_host.host.network import NotebookNetwork
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.new_items import LedgerRow

_SETTLE_SECONDS = 0.5


class CostLedger:
    """The gateway's view of one notebook. The stream that a request came on decides which scope it gets."""

    def __init__(
        self, notebook_id: str, journal: Journal, budget_usd: float | None, network: NotebookNetwork, audit: AuditLog
    ) -> None:
        self.network = network
        self.notebook_id = notebook_id
        self.session_id = ""
        self.turn_id = ""
        self.turn_started = 0.0
        self.turn_budget_usd: float | None = None
        self.budget_usd = budget_usd
        self.refused_for_budget = False
        self._journal = journal
        self._audit = audit
        self._in_flight = 0
        self._landed = anyio.Event()

    def begin_turn(self, session_id: str, turn_id: str, started: float, budget_usd: float | None) -> None:
        """Requests from now on belong to this turn."""
        self.session_id, self.turn_id, self.turn_started = session_id, turn_id, started
        self.turn_budget_usd = budget_usd
        self.refused_for_budget = False

    async def admit(self, model: str) -> None:  # noqa: ARG002 - the gateway checks the model; this is about money
        """Let one request start.

        Raises:
            BudgetExceededError: the notebook's or the turn's budget is used up.
            AuditError: the audit log is required and cannot be written.
        """
        self._audit.check()
        if self.budget_usd is not None:
            spent = (await self._journal.ledger(self.notebook_id)).cost_usd
            self._check(spent, self.budget_usd, "This notebook's budget")
        if self.turn_budget_usd is not None and self.turn_id:
            spent = (await self._journal.ledger(self.notebook_id, since=self.turn_started)).cost_usd
            self._check(spent, self.turn_budget_usd, "This turn's budget")
        self._in_flight += 1

    async def settled(self) -> None:
        """Wait a moment for requests that are just being recorded, so that a turn's figure holds them."""
        with anyio.move_on_after(_SETTLE_SECONDS):
            while self._in_flight:
                await self._landed.wait()

    async def record(self, entry: LedgerEntry) -> None:
        """Write one request, finished or abandoned, into the ledger."""
        if entry.admitted:
            self._in_flight -= 1
        await self._journal.write(
            [
                LedgerRow(
                    notebook_id=self.notebook_id,
                    session_id=self.session_id,
                    turn_id=self.turn_id,
                    started=entry.started,
                    duration_ms=entry.duration_ms,
                    path=entry.path,
                    model=entry.model,
                    status=entry.status,
                    refused=entry.refused,
                    input_tokens=entry.usage.input_tokens,
                    output_tokens=entry.usage.output_tokens,
                    cache_read_input_tokens=entry.usage.cache_read_input_tokens,
                    cache_creation_input_tokens=entry.usage.cache_creation_input_tokens,
                    cost_usd=entry.cost_usd,
                    bytes_in=entry.bytes_in,
                    bytes_out=entry.bytes_out,
                    complete=entry.complete,
                )
            ]
        )
        landed, self._landed = self._landed, anyio.Event()
        landed.set()

    def _check(self, spent: float, budget: float, whose: str) -> None:
        if spent >= budget:
            self.refused_for_budget = True
            raise BudgetExceededError(
                f"{whose} of ${budget:.2f} is used up (${spent:.2f} spent, estimated). Raise it to go on."
            )
