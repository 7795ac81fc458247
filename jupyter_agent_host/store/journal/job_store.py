"""Runs in kernels that agents began, in the journal's file, so that a server knows what an earlier one left."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import JobRow
from jupyter_agent_host.store.journal.tables import job_table


class JobStore:
    """One notebook's jobs. Durable when a call returns; raises `JournalError`."""

    def __init__(self, journal: Journal, notebook_id: str) -> None:
        self._journal = journal
        self._notebook_id = notebook_id

    async def begin(self, row: JobRow) -> None:
        """It is about to run. Forgets all but the newest."""
        await self._journal.change(partial(job_table.begin, row=row))

    async def end(self, number: int) -> None:
        """It ended, and the agent was told as far as it is going to be. Idempotent."""
        await self._journal.change(partial(job_table.end, notebook_id=self._notebook_id, number=number))

    async def take_over(self) -> list[JobRow]:
        """All that is known, oldest first; what an earlier server left running counts as lost from now on."""
        return await self._journal.change(partial(job_table.take_over, notebook_id=self._notebook_id))

    async def untold(self) -> list[JobRow]:
        """Lost ones that the agent was not told of, oldest first."""
        rows = await self._journal.query(partial(job_table.select, notebook_id=self._notebook_id))
        return [row for row in rows if row.state == "lost" and not row.told]

    async def told(self, numbers: Sequence[int]) -> None:
        """The agent heard that these are lost. Idempotent."""
        await self._journal.change(partial(job_table.told, notebook_id=self._notebook_id, numbers=numbers))
