"""Cells and what can be done to them, apart from where the notebook lives."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Union

CellType = Literal["code", "markdown", "raw"]
Source = Literal["room", "page", "file"]
"""Where a notebook was read: the collaboration room, a page that has it open, or the file."""


def revision_of(cell_type: str, source: str) -> str:
    """What a reader names when it edits: 12 hexadecimal digits over type and source, 48 bits.

    It tells versions of one cell apart; it is no defence against somebody who looks for a collision.
    """
    text = f"{cell_type}\0{source}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:12]


@dataclass(frozen=True)
class Cell:
    """One cell as it is now.

    Attributes:
        outputs: nbformat outputs of a code cell, with their data inside; empty unless they were asked for.
        attachments: of a text cell, by name, as nbformat has them: pictures, mostly. As empty as `outputs` can be.
        cut: texts in `outputs` or `attachments` were too long for the way here, so that these cannot be put back.
        output_kinds: what kinds of outputs it has, such as `stream`, `error` or `image/png`.
        typing: whether a person changed it in the last seconds and is still in it.
        running: whether its page or room shows it as running or waiting to run.
    """

    id: str
    type: CellType
    source: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    execution_count: int | None = None
    outputs: Sequence[Mapping[str, Any]] = ()
    attachments: Mapping[str, Any] = field(default_factory=dict)
    cut: bool = False
    output_kinds: tuple[str, ...] = ()
    typing: bool = False
    running: bool = False

    @property
    def revision(self) -> str:
        """See `revision_of`."""
        return revision_of(self.type, self.source)

    @property
    def tags(self) -> tuple[str, ...]:
        """What the person tagged it with."""
        tags = self.metadata.get("tags")
        return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, (list, tuple)) else ()


@dataclass(frozen=True)
class Snapshot:
    """A whole notebook at one moment. `unsaved` says that the file lacks some of it."""

    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any]
    source: Source
    unsaved: bool = False

    def cell(self, cell_id: str) -> Cell | None:
        """The cell of that id."""
        return next((cell for cell in self.cells if cell.id == cell_id), None)


@dataclass(frozen=True)
class InsertCell:
    """A new cell behind `after` ("" for the top). Its id is chosen before, so that trying again inserts it once."""

    cell_id: str
    after: str
    type: CellType
    source: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReplaceSource:
    """Other source, and maybe another type, for a cell that is still at `revision`.

    Text that becomes other text keeps its attachments; code has none. `attachments` are those of a cell that is to
    become text; None for what it has.
    """

    cell_id: str
    revision: str
    source: str
    type: CellType | None = None
    attachments: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class MoveCell:
    """The cell to behind `after` ("" for the top)."""

    cell_id: str
    after: str


@dataclass(frozen=True)
class DeleteCell:
    """Away with a cell that is still at `revision`."""

    cell_id: str
    revision: str


@dataclass(frozen=True)
class SetCellMetadata:
    """Set these top-level keys of the cell's metadata; None removes one."""

    cell_id: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class SetOutputs:
    """What running the cell gave; nbformat outputs. None keeps what is there."""

    cell_id: str
    outputs: Sequence[Mapping[str, Any]] | None = None
    execution_count: int | None = None


CellEdit = Union[InsertCell, ReplaceSource, MoveCell, DeleteCell, SetCellMetadata, SetOutputs]
