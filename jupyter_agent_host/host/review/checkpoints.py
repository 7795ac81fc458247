"""One notebook's checkpoints: what its turns changed, kept within limits of size and age, the oldest dropped first."""

from __future__ import annotations

import time
from collections.abc import Sequence

import anyio.to_thread
import msgspec

from jupyter_agent_host.host.notebook.cells import CellEdit, Snapshot
from jupyter_agent_host.host.review.cell_attribution import CellSides, Touched, attribute
from jupyter_agent_host.host.review.cell_order import noted, read_places
from jupyter_agent_host.host.review.kept_versions import (
    TAKEN_BACK,
    FileSides,
    encode,
    read_cell,
    read_file,
    read_kept,
)
from jupyter_agent_host.host.workspace.files.file_backups import Keeper, Kept
from jupyter_agent_host.host.workspace.workspace_interface import Collected
from jupyter_agent_host.store.journal.checkpoint_store import Decisions
from jupyter_agent_host.store.journal.rows import CheckpointItemRow, CheckpointRow

TOO_OLD = "it is older than checkpoints are kept here"
TOO_MUCH = "newer checkpoints needed its room"


class Checkpoints:
    """Adds and drops; what a person decides about it is `review`'s."""

    def __init__(self, notebook_id: str, store: Decisions, keeper: Keeper, max_bytes: int, max_age: float) -> None:
        self._notebook_id = notebook_id
        self._store = store
        self._keeper = keeper
        self._max_bytes = max_bytes
        self._max_age = max_age

    async def of(self, turn_id: str) -> CheckpointRow | None:
        """The turn's checkpoint."""
        found = await self._store.checkpoints(self._notebook_id, turn_id)
        return found[0] if found else None

    async def all(self) -> list[CheckpointRow]:
        """Oldest first."""
        return await self._store.checkpoints(self._notebook_id)

    async def put_cell(self, turn_id: str, session_id: str, seen: CellSides, what: Touched) -> bool:
        """Note what a call did to one cell, beside what earlier calls of the turn did. False: it came to nothing.

        A cell that is decided on already and changes again is to be decided on again.
        """
        side = seen.after or seen.before
        if side is None:
            return False
        known = await self._item(turn_id, "cell", side.id)
        if known is not None and known.state in TAKEN_BACK:
            known = None
        earlier = CellSides(read_cell(known.before), read_cell(known.after)) if known is not None else None
        whole = attribute(earlier, seen, what)
        if whole.before == whole.after:
            await self._store.drop_items(self._notebook_id, turn_id, [("cell", side.id)])
            return False
        if whole == earlier:
            return False
        await self._put(turn_id, session_id, [_row("cell", side.id, encode(whole.before), encode(whole.after))])
        return True

    async def put_places(self, turn_id: str, seen: Snapshot, after: Snapshot, edits: Sequence[CellEdit]) -> None:
        """Note what a step of the turn, or of its undo, did to the order of the cells."""
        row = await self.of(turn_id)
        known = read_places(row.places) if row is not None else None
        before, now = ([cell.id for cell in snapshot.cells] for snapshot in (seen, after))
        places = noted(known, before, now, edits)
        if places is not None and places != known:
            await self._store.put_places(self._notebook_id, turn_id, msgspec.json.encode(places))

    async def put_files(self, turn_id: str, session_id: str, collected: Collected) -> bool:
        """Note files that were copied out, and those that wait. False if there was nothing to note."""
        rows = [row for kept in collected.kept if (row := await self._file(turn_id, kept)) is not None]
        written = {kept.path for kept in collected.kept}
        standing = {row.key: row for row in await self.waiting()}
        gone = standing.keys() - {waiting.path for waiting in collected.waiting} - written
        for waiting in collected.waiting:
            known = standing.get(waiting.path)
            if known is None or read_file(known.after).waiting != waiting:
                rows.append(_row("file", waiting.path, None, encode(FileSides(waiting=waiting)), state="waiting"))
                gone |= {waiting.path} if known is not None else set()
        await self.forget_waiting(gone, but=turn_id)
        if rows:
            await self._put(turn_id, session_id, rows)
        return bool(rows or gone)

    async def waiting(self) -> list[CheckpointItemRow]:
        """Files that wait inside, of whatever turn."""
        return [item for row in await self.all() for item in row.items if item.state == "waiting"]

    async def forget_waiting(self, paths: set[str], *, but: str = "") -> None:
        """They do not wait any more, or wait in a newer turn's checkpoint."""
        for row in await self.all():
            keys = [("file", item.key) for item in row.items if item.state == "waiting" and item.key in paths]
            if keys and row.turn_id != but:
                await self._store.drop_items(self._notebook_id, row.turn_id, keys)

    async def trim(self) -> list[str]:
        """Drop the contents of what is too old or too much; ids of the turns that cannot be undone any more."""
        rows, oldest = [row for row in await self.all() if not row.dropped], time.time() - self._max_age
        total, dropped = sum(row.size_bytes for row in rows), []
        for row in rows:
            reason = TOO_OLD if row.time < oldest else TOO_MUCH if total > self._max_bytes else ""
            if not reason:
                break
            total -= row.size_bytes
            await anyio.to_thread.run_sync(self._keeper.drop, _blobs(row))
            await self._store.drop_content(self._notebook_id, row.turn_id, reason)
            dropped.append(row.turn_id)
        return dropped

    async def _file(self, turn_id: str, kept: Kept) -> CheckpointItemRow | None:
        known, before = await self._item(turn_id, "file", kept.path), kept.before
        if known is not None and known.state != "waiting":
            earlier, written = read_kept(known.before), read_file(known.after).written
            # What the person saved between two calls is theirs: then it is what comes back, and not what was before it.
            is_theirs = written is not None and before is not None and not written.is_same(before)
            old = [earlier, written] if is_theirs else [before, written]
            await anyio.to_thread.run_sync(self._keeper.drop, [side.blob for side in old if side is not None])
            before = before if is_theirs else earlier
        if before is None and kept.after is None:
            await self._store.drop_items(self._notebook_id, turn_id, [("file", kept.path)])
            return None
        after = None if kept.after is None else FileSides(written=kept.after)
        size = sum(side.size for side in (before, kept.after) if side is not None and side.blob)
        return _row("file", kept.path, encode(before), encode(after), content_bytes=size)

    async def _item(self, turn_id: str, kind: str, key: str) -> CheckpointItemRow | None:
        row = await self.of(turn_id)
        return next((item for item in row.items if (item.kind, item.key) == (kind, key)), None) if row else None

    async def _put(self, turn_id: str, session_id: str, items: list[CheckpointItemRow]) -> None:
        await self._store.put_items(
            CheckpointRow(self._notebook_id, turn_id, session_id, time.time(), items=tuple(items))
        )


def _row(
    kind: str, key: str, before: bytes | None, after: bytes | None, *, content_bytes: int = 0, state: str = "open"
) -> CheckpointItemRow:
    size = len(before or b"") + len(after or b"") + content_bytes
    return CheckpointItemRow(kind, key, state, size_bytes=size, before=before, after=after)


def _blobs(row: CheckpointRow) -> list[str]:
    sides = []
    for item in row.items:
        if item.kind == "file":
            sides += [read_kept(item.before), read_file(item.after).written]
    return [side.blob for side in sides if side is not None and side.blob]
