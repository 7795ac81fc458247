"""One cell or file at one moment, as it is kept; and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from jupyter_agent_host.host.notebook.cells import Cell, CellType, Snapshot
from jupyter_agent_host.host.workspace.files.file_backups import KeptSide
from jupyter_agent_host.host.workspace.workspace_interface import Waiting

MAX_OUTPUT_BYTES = 1024 * 1024
"""Outputs of one cell are kept up to here; of larger ones only the digest. Attachments are kept up to here, too."""

Kind = Literal["cell", "file"]
State = Literal["open", "waiting", "accepted", "rejected", "undone"]
"""`waiting`: it is not in the person's folder yet."""

TAKEN_BACK = ("rejected", "undone")

Choice = Literal["", "mine", "before"]
"""For conflicts: nothing picked yet, keep what the person has, or go back to what was before the turn."""


class CellSide(msgspec.Struct, frozen=True):
    """One cell.

    Attributes:
        previous, next: ids of the cells beside it, "" at the ends; `position` counts from 0.
        outputs: None when there are too many to keep; `outputs_digest` tells them apart in any case.
        attachments: None when there are too many to keep.
        moved: the turn moved it (set on the later side alone).
    """

    id: str
    type: CellType
    source: str
    metadata: dict[str, Any] = {}
    previous: str = ""
    next: str = ""
    position: int = 0
    execution_count: int | None = None
    outputs: list[Any] | None = None
    outputs_digest: str = ""
    attachments: dict[str, Any] | None = {}
    moved: bool = False


class FileSides(msgspec.Struct, frozen=True):
    """What a file item's `after` holds: the file as written, or the change that waits inside."""

    written: KeptSide | None = None
    waiting: Waiting | None = None


def side_of(snapshot: Snapshot, cell_id: str) -> CellSide | None:
    """The cell as it is in the snapshot, None if it is not there."""
    ids = ["", *(cell.id for cell in snapshot.cells), ""]
    for position, cell in enumerate(snapshot.cells):
        if cell.id == cell_id:
            return _side(cell, ids[position], ids[position + 2], position)
    return None


def outputs_digest(outputs: Sequence[Any]) -> str:
    """Tells outputs apart; "" for none."""
    return hashlib.sha256(msgspec.json.encode(outputs, order="sorted")).hexdigest() if outputs else ""


def encode(side: CellSide | KeptSide | FileSides | None) -> bytes | None:
    return None if side is None else msgspec.json.encode(side)


def read_cell(data: bytes | None) -> CellSide | None:
    return None if data is None else msgspec.json.decode(data, type=CellSide)


def read_kept(data: bytes | None) -> KeptSide | None:
    return None if data is None else msgspec.json.decode(data, type=KeptSide)


def read_file(data: bytes | None) -> FileSides:
    return FileSides() if data is None else msgspec.json.decode(data, type=FileSides)


def _side(cell: Cell, previous: str, following: str, position: int) -> CellSide:
    outputs = list(cell.outputs)
    body = msgspec.json.encode(outputs, order="sorted")
    return CellSide(
        id=cell.id,
        type=cell.type,
        source=cell.source,
        # Whether outputs are trusted is for Jupyter to say, each time.
        metadata={key: value for key, value in cell.metadata.items() if key != "trusted"},
        previous=previous,
        next=following,
        position=position,
        execution_count=cell.execution_count,
        outputs=outputs if len(body) <= MAX_OUTPUT_BYTES and not cell.cut else None,
        outputs_digest=hashlib.sha256(body).hexdigest() if outputs else "",
        attachments=_kept_attachments(cell),
    )


def _kept_attachments(cell: Cell) -> dict[str, Any] | None:
    if not cell.attachments:
        return {}
    small = len(msgspec.json.encode(cell.attachments)) <= MAX_OUTPUT_BYTES
    return dict(cell.attachments) if small and not cell.cut else None
