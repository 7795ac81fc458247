"""What edits do to a list of cells: the one place that says when an edit is refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jupyter_agent_host.errors import CellBusyError, CellChangedError, CellMissingError
from jupyter_agent_host.host.notebook.cells import (
    Cell,
    CellEdit,
    DeleteCell,
    InsertCell,
    MoveCell,
    ReplaceSource,
    SetCellMetadata,
)


def apply_edits(
    cells: Sequence[Cell], edits: Sequence[CellEdit], *, again: bool = False, for_person: bool = False
) -> list[Cell]:
    """The cells after all edits; the cells given are left as they are. What is done already is done once.

    `again` says that the edits may have been carried out before, so that a cell to delete may be gone;
    `for_person` that a person decided on them, so that typing refuses none.

    Raises:
        CellMissingError, CellChangedError, CellBusyError: as `NotebookDocument.edit`.
    """
    after = [replace(cell, typing=False) for cell in cells] if for_person else list(cells)
    for edit in edits:
        if isinstance(edit, InsertCell):
            _insert(after, edit)
        elif isinstance(edit, DeleteCell):
            _delete(after, edit, again=again)
        elif isinstance(edit, MoveCell):
            _move(after, edit)
        else:
            index = index_of(after, edit.cell_id)
            after[index] = _changed(after[index], edit)
    return after


def index_of(cells: Sequence[Cell], cell_id: str) -> int:
    """Where the cell is.

    Raises:
        CellMissingError: it is not there.
    """
    for index, cell in enumerate(cells):
        if cell.id == cell_id:
            return index
    raise CellMissingError(f"No cell {cell_id[:64]!r} is in the notebook (any more). Its overview has the ids.")


def merged_metadata(metadata: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata with these keys set, and those whose value is None taken out."""
    whole = {**metadata, **values}
    return {name: value for name, value in whole.items() if value is not None}


def kept_attachments(cell: Cell, edit: ReplaceSource) -> Mapping[str, Any]:
    """Those of the cell after the edit."""
    if (edit.type or cell.type) == "code":
        return {}
    return cell.attachments if edit.attachments is None else edit.attachments


def _position(cells: Sequence[Cell], after: str) -> int:
    return index_of(cells, after) + 1 if after else 0


def _insert(cells: list[Cell], edit: InsertCell) -> None:
    if any(cell.id == edit.cell_id for cell in cells):
        return
    made = Cell(
        id=edit.cell_id,
        type=edit.type,
        source=edit.source,
        metadata=dict(edit.metadata),
        attachments=dict(edit.attachments),
    )
    cells.insert(_position(cells, edit.after), made)


def _delete(cells: list[Cell], edit: DeleteCell, *, again: bool) -> None:
    try:
        index = index_of(cells, edit.cell_id)
    except CellMissingError:
        if again:
            return
        raise
    _check(cells[index], edit.revision)
    del cells[index]


def _move(cells: list[Cell], edit: MoveCell) -> None:
    if edit.after == edit.cell_id:
        return
    index = index_of(cells, edit.cell_id)
    place = _position(cells, edit.after)
    if place in (index, index + 1):
        return
    if cells[index].typing:  # it moves as a copy, and keys pressed in this moment would reach the old one
        raise busy_error(cells[index])
    cell = cells.pop(index)
    cells.insert(_position(cells, edit.after), cell)


def _changed(cell: Cell, edit: CellEdit) -> Cell:
    if isinstance(edit, ReplaceSource):
        kind = edit.type or cell.type
        if (kind, edit.source) == (cell.type, cell.source):
            return cell
        _check(cell, edit.revision)
        outputs = cell.outputs if kind == "code" else ()
        return replace(cell, type=kind, source=edit.source, outputs=outputs, attachments=kept_attachments(cell, edit))
    if isinstance(edit, SetCellMetadata):
        return replace(cell, metadata=merged_metadata(cell.metadata, edit.values))
    assert not isinstance(edit, (InsertCell, DeleteCell, MoveCell))  # noqa: S101 - `apply_edits` tells them apart
    outputs = cell.outputs if edit.outputs is None else edit.outputs
    return replace(cell, outputs=tuple(outputs), execution_count=edit.execution_count)


def _check(cell: Cell, revision: str) -> None:
    if cell.typing:
        raise busy_error(cell)
    if cell.revision != revision:
        raise changed_error(cell)


def busy_error(cell: Cell) -> CellBusyError:
    """What is said about an edit under the person's hands."""
    return CellBusyError(
        f"The person is typing in cell {cell.id}, so nothing was edited. Leave it alone for now: do something else"
        f" first, or ask them. At this moment it is at revision {cell.revision}:\n{cell.source}"
    )


def changed_error(cell: Cell) -> CellChangedError:
    """What is said about an edit of an older revision."""
    return CellChangedError(
        f"Cell {cell.id} changed since you read it, so nothing was edited. It is now at revision {cell.revision}:\n"
        f"{cell.source}",
        cell_id=cell.id,
        current=cell.source,
        revision=cell.revision,
    )
