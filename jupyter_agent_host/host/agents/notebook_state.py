"""What the server knows of one notebook: its row in the journal, and the one place that changes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import NotebookRow


class NotebookState:
    """One notebook's row while its agent lives. `row` is the newest, also while it is being written."""

    def __init__(self, row: NotebookRow, journal: Journal) -> None:
        self._row = row
        self._journal = journal

    @property
    def row(self) -> NotebookRow:
        """As it stands; frozen."""
        return self._row

    async def update(self, **changes: Any) -> None:
        """Change fields of the row, and journal it. Later updates hold earlier ones, whichever is written first.

        Raises:
            StoreError: it could not be journalled; the change holds until the server ends.
        """
        self._row = replace(self._row, **changes)
        await self._journal.put_notebook(self._row)
