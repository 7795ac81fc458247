"""What turns changed and what people decided about it, beside the journal's events and in the same file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import CheckpointItemRow, CheckpointRow, PermissionGrantRow
from jupyter_agent_host.store.journal.tables import checkpoint_table

Keys = Sequence[tuple[str, str]]
"""(kind, key) of items."""


class Decisions:
    """Checkpoints and permission grants of all notebooks. Durable when a call returns; raises `JournalError`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def checkpoints(self, notebook_id: str, turn_id: str = "") -> list[CheckpointRow]:
        """Oldest first; of one turn only when `turn_id` is given."""
        return await self._journal.query(
            partial(checkpoint_table.checkpoints, notebook_id=notebook_id, turn_id=turn_id)
        )

    async def put_items(self, row: CheckpointRow) -> None:
        """Add the items to the turn's checkpoint, replacing those of the same kind and key."""
        await self._journal.change(partial(checkpoint_table.put_items, row=row))

    async def put_places(self, notebook_id: str, turn_id: str, places: bytes) -> None:
        """In what order the turn's cells were before it and after it. Idempotent."""
        await self._journal.change(
            partial(checkpoint_table.put_places, notebook_id=notebook_id, turn_id=turn_id, places=places)
        )

    async def drop_items(self, notebook_id: str, turn_id: str, keys: Keys) -> None:
        """Forget items that came to nothing. Idempotent."""
        await self._journal.change(
            partial(checkpoint_table.drop_items, notebook_id=notebook_id, turn_id=turn_id, keys=keys)
        )

    async def set_states(self, notebook_id: str, turn_id: str, keys: Keys, state: str) -> None:
        """What a person decided. Idempotent."""
        await self._journal.change(
            partial(checkpoint_table.set_states, notebook_id=notebook_id, turn_id=turn_id, keys=keys, state=state)
        )

    async def drop_content(self, notebook_id: str, turn_id: str, reason: str) -> None:
        """Keep that the turn changed these things, but not what they were. Idempotent."""
        await self._journal.change(
            partial(checkpoint_table.drop_content, notebook_id=notebook_id, turn_id=turn_id, reason=reason)
        )

    async def take_untold(self, notebook_id: str) -> list[CheckpointItemRow]:
        """What was rejected or undone since the agent was last told; it counts as told now."""
        return await self._journal.change(partial(checkpoint_table.take_untold, notebook_id=notebook_id))

    async def grants(self, notebook_id: str) -> list[PermissionGrantRow]:
        """Oldest first."""
        return await self._journal.query(partial(checkpoint_table.grants, notebook_id=notebook_id))

    async def put_grants(self, rows: Sequence[PermissionGrantRow]) -> None:
        """Insert or renew."""
        await self._journal.change(partial(checkpoint_table.put_grants, rows=rows))

    async def revoke_grants(self, notebook_id: str, tool: str = "", risk: str | None = None) -> int:
        """Take back all grants, those of one tool, or one; how many there were."""
        return await self._journal.change(
            partial(checkpoint_table.revoke_grants, notebook_id=notebook_id, tool=tool, risk=risk)
        )
