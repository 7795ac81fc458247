"""Undoing what a turn did to one cell, beside everything that the person did since. Pure: edits in, nothing done."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_agent_host.host.diff.three_way_merge import merge
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
from jupyter_agent_host.host.review.cell_order import Order
from jupyter_agent_host.host.review.kept_versions import CellSide, Choice, outputs_digest

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
    before: CellSide | None,
    after: CellSide | None,
    now: Snapshot,
    order: Order,
    choice: Choice = "",
    *,
    moves: bool = False,
) -> CellUndo:
    """What brings one cell back to `before`, without touching what the person changed since `after`.

    `order` follows what is planned already; `moves`: the cell goes back to its place, too.
    """
    if before is None:
        return CellUndo() if after is None else _inserted(after, now.cell(after.id), choice)
    cell = now.cell(before.id)
    if after is None:
        return _deleted(before, cell, order)
    undo = _changed(before, after, cell, choice)
    if undo.conflict is None and cell is not None and moves:
        return CellUndo((*undo.edits, MoveCell(cell.id, order.put_back(before))))
    return undo


def _inserted(after: CellSide, cell: Cell | None, choice: Choice) -> CellUndo:
    if cell is None or choice == "mine":
        return CellUndo()
    if (cell.type, cell.source) == (after.type, after.source) or choice == "before":
        return CellUndo((DeleteCell(cell.id, cell.revision),))
    return CellUndo(conflict=Conflict(EDITED, cell.source, None))


def _deleted(before: CellSide, cell: Cell | None, order: Order) -> CellUndo:
    if cell is not None:
        return CellUndo()
    place = order.put_back(before)
    edits: list[CellEdit] = [
        InsertCell(before.id, place, before.type, before.source, before.metadata, before.attachments or {})
    ]
    if before.outputs:
        edits.append(SetOutputs(before.id, before.outputs, before.execution_count))
    return CellUndo(tuple(edits))


def _changed(before: CellSide, after: CellSide, cell: Cell | None, choice: Choice) -> CellUndo:
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
