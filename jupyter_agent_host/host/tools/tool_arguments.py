"""Arguments that several tools take, and how the cells that they name are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from jupyter_agent_host.errors import CellMissingError, ToolArgumentError
from jupyter_agent_host.host.notebook.cells import Cell, Snapshot
from jupyter_agent_host.host.notebook.checked_cell_edits import index_of

MAX_CODE_CHARS = 200_000
PROMPTS = ("%%agent", "%agent")
"""What code begins with that asks an agent."""

CellId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
CellIds = Annotated[tuple[CellId, ...], msgspec.Meta(min_length=1, max_length=50)]
CellKind = Literal["code", "markdown", "raw"]
After = Annotated[str, msgspec.Meta(max_length=64)]
Revision = Annotated[str, msgspec.Meta(max_length=40)]
Source = Annotated[str, msgspec.Meta(max_length=1_000_000)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CODE_CHARS)]
Wait = Annotated[float, msgspec.Meta(ge=0, le=100)]
JobId = Annotated[str, msgspec.Meta(max_length=20)]


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of a tool; by itself, those of one that takes none."""


class NamedCell(Arguments, frozen=True):
    """A cell as it was read."""

    cell_id: CellId
    revision: Revision


NamedCells = Annotated[tuple[NamedCell, ...], msgspec.Meta(min_length=1, max_length=50)]


class TheseCells(Arguments, frozen=True):
    """Up to 50 cells."""

    cell_ids: CellIds


def find_cell(snapshot: Snapshot, cell_id: str) -> Cell:
    """The cell of that id.

    Raises:
        CellMissingError: it is not there.
    """
    return snapshot.cells[index_of(snapshot.cells, cell_id)]


def find_cells(snapshot: Snapshot, cell_ids: Sequence[str]) -> list[Cell]:
    """The cells of these ids, each once, in the order given.

    Raises:
        NotebookError: some are not there.
    """
    by_id = {cell.id: cell for cell in snapshot.cells}
    missing = [cell_id for cell_id in cell_ids if cell_id not in by_id]
    if missing and len(missing) == len(cell_ids):
        raise CellMissingError(f"Not in the notebook (any more): {', '.join(missing)}. Its overview has the ids.")
    if missing:
        raise ToolArgumentError(f"Not in the notebook (any more): {', '.join(missing)}. Ask for the others alone.")
    return [by_id[cell_id] for cell_id in dict.fromkeys(cell_ids)]
