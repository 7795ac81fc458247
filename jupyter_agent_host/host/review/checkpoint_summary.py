"""Checkpoints as people and surfaces read them."""

from __future__ import annotations

from jupyter_agent_host.host.diff.unified_diff import counts
from jupyter_agent_host.host.review.kept_versions import CellSide, read_cell, read_file, read_kept
from jupyter_agent_host.host.review.undo_files import NOT_KEPT
from jupyter_agent_host.protocol.events import ReviewChanged
from jupyter_agent_host.protocol.review_api import ReviewItem, ReviewTurn
from jupyter_agent_host.store.journal.rows import CheckpointItemRow, CheckpointRow

_HEAD = 80


def turn_of(row: CheckpointRow) -> ReviewTurn:
    """One turn's changes, in the order in which they came."""
    items = tuple(item_of(item, row.dropped) for item in row.items)
    return ReviewTurn(
        turn_id=row.turn_id,
        time=row.time,
        summary=summary(row),
        open=sum(item.state in ("open", "waiting") for item in items),
        dropped=row.dropped,
        items=items,
    )


def event_of(row: CheckpointRow) -> ReviewChanged:
    """The same in figures, for surfaces that follow events."""
    states = [item.state for item in row.items]
    return ReviewChanged(
        reviewed_turn_id=row.turn_id,
        cells=sum(item.kind == "cell" for item in row.items),
        files=sum(item.kind == "file" for item in row.items),
        open=states.count("open"),
        waiting=states.count("waiting"),
        accepted=states.count("accepted"),
        rejected=states.count("rejected") + states.count("undone"),
        dropped=row.dropped,
    )


def summary(row: CheckpointRow) -> str:
    """Such as "2 cells and 1 file changed"."""
    cells = sum(item.kind == "cell" for item in row.items)
    files = len(row.items) - cells
    parts = [f"{count} {name}{'s' if count > 1 else ''}" for count, name in ((cells, "cell"), (files, "file")) if count]
    return f"{' and '.join(parts)} changed" if parts else "Nothing changed"


def item_of(item: CheckpointItemRow, dropped: str) -> ReviewItem:
    """One cell or file."""
    if item.kind == "cell":
        return _cell(item, dropped)
    return _file(item, dropped)


def _cell(item: CheckpointItemRow, dropped: str) -> ReviewItem:
    before, after = read_cell(item.before), read_cell(item.after)
    shown = after or before
    added, removed = counts(before.source if before else None, after.source if after else None)
    return ReviewItem(
        kind="cell",
        key=item.key,
        action=cell_action(before, after),
        state=item.state,  # type: ignore[arg-type]
        head=_head(shown.source) if shown else "",
        position=shown.position if shown else None,
        added=added,
        removed=removed,
        problem=dropped,
    )


def cell_action(before: CellSide | None, after: CellSide | None) -> str:
    """What happened to a cell, in one word."""
    if before is None or after is None:
        return "deleted" if before is not None else "inserted" if after is not None else "changed"
    if (before.source, before.type) != (after.source, after.type):
        return "edited"
    if after.moved:
        return "moved"
    return "ran" if before.outputs_digest != after.outputs_digest else "edited"


def _file(item: CheckpointItemRow, dropped: str) -> ReviewItem:
    before, sides = read_kept(item.before), read_file(item.after)
    if sides.waiting is not None:
        action = "deleted" if sides.waiting.stamp is None else "changed"
    else:
        action = "created" if before is None else "deleted" if sides.written is None else "modified"
    return ReviewItem(
        kind="file",
        key=item.key,
        action="changed" if dropped else action,
        state=item.state,  # type: ignore[arg-type]
        head=item.key,
        problem=dropped or (NOT_KEPT if before is not None and not before.blob else ""),
        reason=sides.waiting.reason if sides.waiting is not None else "",
    )


def _head(source: str) -> str:
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line if len(line) <= _HEAD else f"{line[: _HEAD - 1]}…"
