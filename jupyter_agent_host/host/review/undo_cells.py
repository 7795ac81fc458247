"""Undoing what a turn did to one cell, beside everything that the person did since. Pure: edits in, nothing done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from jupyter_agent_host.host.notebook.cells import (
    Cell,
    CellEdit,
    DeleteCell,
    InsertCell,
    MoveCell,
    ReplaceSource,
    SetCellMetadata,
    SetOutputs,
    Snapshot,
)
from jupyter_agent_host.host.review.merge import merge
from jupyter_agent_host.host.review.model import CellSide, Choice, outputs_digest

EDITED = "you changed this cell after the agent did"


@dataclass(frozen=True)
class Conflict:
    """Both changed the same. `mine` is what the person has now, `before` what was there before the turn."""

    reason: str
    mine: str | None
    before: str | None


@dataclass(frozen=True)
class CellUndo:
    """Edits that undo it, none if there is nothing to do; or why a person must choose first."""

    edits: tuple[CellEdit, ...] = ()
    conflict: Conflict | None = None


def undo_cell(
    before: CellSide | None, after: CellSide | None, now: Snapshot, *, coming: Collection[str] = (), choice: Choice = ""
) -> CellUndo:
    """What brings one cell back to `before`, without touching what the person changed since `after`.

    `coming`: ids of cells that the same step brings back, so that they can be neighbours.
    """
    if before is None:
        return CellUndo() if after is None else _inserted(after, now.cell(after.id), choice)
    cell = now.cell(before.id)
    if after is None:
        return _deleted(before, cell, now, coming)
    return _changed(before, after, cell, now, coming, choice)


def _inserted(after: CellSide, cell: Cell | None, choice: Choice) -> CellUndo:
    if cell is None or choice == "mine":
        return CellUndo()
    if (cell.type, cell.source) == (after.type, after.source) or choice == "before":
        return CellUndo((DeleteCell(cell.id, cell.revision),))
    return CellUndo(conflict=Conflict(EDITED, cell.source, None))


def _deleted(before: CellSide, cell: Cell | None, now: Snapshot, coming: Collection[str]) -> CellUndo:
    if cell is not None:
        return CellUndo()
    place = _neighbour(before, now, coming)
    edits: list[CellEdit] = [
        InsertCell(before.id, place, before.type, before.source, before.metadata, before.attachments or {})
    ]
    if before.outputs:
        edits.append(SetOutputs(before.id, before.outputs, before.execution_count))
    return CellUndo(tuple(edits))


def _changed(  # noqa: PLR0917 - both sides, the present, and what was picked
    before: CellSide, after: CellSide, cell: Cell | None, now: Snapshot, coming: Collection[str], choice: Choice
) -> CellUndo:
    if cell is None:
        return CellUndo()  # the person deleted it since, and that stays
    source = _source(before, after, cell, choice)
    if source is None:
        return CellUndo(conflict=Conflict(EDITED, cell.source, before.source))
    edits: list[CellEdit] = []
    cell_type = before.type if cell.type == after.type else cell.type
    if (source, cell_type) != (cell.source, cell.type):
        attachments = {**cell.attachments, **(before.attachments or {})} if cell_type != cell.type else None
        edits.append(ReplaceSource(cell.id, cell.revision, source, cell_type, attachments))
    if values := _metadata(before, after, cell):
        edits.append(SetCellMetadata(cell.id, values))
    if after.moved and _is_where(after, now):
        edits.append(MoveCell(cell.id, _neighbour(before, now, coming)))
    outputs_are_its = before.outputs_digest != after.outputs_digest and (
        outputs_digest(cell.outputs) == after.outputs_digest
    )
    if outputs_are_its and before.outputs is not None and cell_type == "code":
        edits.append(SetOutputs(cell.id, before.outputs, before.execution_count))
    return CellUndo(tuple(edits))


def _source(before: CellSide, after: CellSide, cell: Cell, choice: Choice) -> str | None:
    if before.source == after.source:
        return cell.source
    merged = merge(after.source, cell.source, before.source)
    if not merged.conflicts:
        return merged.text
    return {"mine": cell.source, "before": before.source}.get(choice)


def _metadata(before: CellSide, after: CellSide, cell: Cell) -> dict[str, object]:
    """Keys that the turn changed and nobody since; None removes one."""
    return {
        key: before.metadata.get(key)
        for key in sorted(before.metadata.keys() | after.metadata.keys())
        if before.metadata.get(key) != after.metadata.get(key) == cell.metadata.get(key)
    }


def _is_where(after: CellSide, now: Snapshot) -> bool:
    """Whether the cell stands where the turn put it: beside one of its neighbours, whatever came on the other side."""
    ids = ["", *(cell.id for cell in now.cells), ""]
    place = ids.index(after.id, 1)
    return ids[place - 1] == after.previous or ids[place + 1] == after.next


def _neighbour(before: CellSide, now: Snapshot, coming: Collection[str]) -> str:
    """The cell that it stood behind; where that one is gone, the one at the place where it stood."""
    ids = [cell.id for cell in now.cells if cell.id != before.id]
    if before.previous in ids or before.previous in coming or not before.previous:
        return before.previous
    return ids[min(before.position, len(ids)) - 1] if ids and before.position else ""
