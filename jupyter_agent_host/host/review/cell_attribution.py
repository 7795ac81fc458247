"""What of a cell's change is the agent's: only what its edits touched, beside what the person changed meanwhile. Pure.

A checkpoint holds what a cell was before the turn and what the turn left. Undo brings back whatever differs between
the two, so nothing that the person did may ever be such a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from jupyter_agent_host.host.diff.three_way_merge import merge
from jupyter_agent_host.host.notebook.cells import (
    CellEdit,
    MoveCell,
    ReplaceSource,
    SetCellMetadata,
    SetOutputs,
)
from jupyter_agent_host.host.review.kept_versions import CellSide
from jupyter_agent_host.store.envelope.strip_notebook import METADATA_KEY


@dataclass(frozen=True)
class CellSides:
    """One cell before and after; None where it is not there."""

    before: CellSide | None
    after: CellSide | None


@dataclass(frozen=True)
class Touched:
    """What edits do to one cell, apart from making or deleting it."""

    source: bool = False
    place: bool = False
    outputs: bool = False
    metadata: frozenset[str] = frozenset()


def touched(edits: Sequence[CellEdit], cell_id: str, before: CellSide | None) -> Touched:
    """What these edits do to that cell."""
    mine = [edit for edit in edits if edit.cell_id == cell_id]
    kinds = {edit.type for edit in mine if isinstance(edit, ReplaceSource)}
    # A cell that becomes text loses its outputs, one that becomes code its attachments.
    other_type = not kinds <= {None, "code" if before is None else before.type}
    return Touched(
        source=any(isinstance(edit, ReplaceSource) for edit in mine),
        place=any(isinstance(edit, MoveCell) for edit in mine),
        outputs=any(isinstance(edit, SetOutputs) for edit in mine) or other_type,
        metadata=frozenset(key for edit in mine if isinstance(edit, SetCellMetadata) for key in edit.values),
    )


def attribute(known: CellSides | None, seen: CellSides, what: Touched) -> CellSides:
    """The cell's whole change in the turn.

    Args:
        known: its change by earlier calls of the turn.
        seen: the cell as the call found and left it.
        what: what the call touched.
    """
    before, after = seen.before, seen.after
    if before is None or after is None:
        return CellSides(_origin(known, before), after)
    if not what.outputs:  # an edit answers with neither outputs nor attachments
        after = _with(after, before, Touched(outputs=True))
    if known is None or known.after is None:
        return CellSides(_with(after, before, what), _moved(after, what))
    origin = _origin(known, before) if what.source else known.before
    if origin is None:
        return CellSides(None, _with(known.after, after, what))
    first = _with(known.before, origin, Touched(source=True)) if known.before is not None else origin
    fresh = Touched(
        place=what.place and not known.after.moved,
        outputs=what.outputs and first.outputs_digest == known.after.outputs_digest,
        metadata=frozenset(key for key in what.metadata if _is_theirs(key, first, known.after, before)),
    )
    return CellSides(_with(first, before, fresh), _moved(_with(known.after, after, what), what))


def _origin(known: CellSides | None, before: CellSide | None) -> CellSide | None:
    """What undo brings back, given what the call found: what the person changed since the last call is kept in it."""
    if known is None or known.after is None:
        return before
    if before is None or (before.type, before.source) == (known.after.type, known.after.source):
        return known.before
    if known.before is None:
        return before  # the agent made the cell and the person went on with it: it is theirs now
    merged = merge(known.after.source, before.source, known.before.source)
    if merged.conflicts:
        return before
    return msgspec.structs.replace(known.before, source=merged.text)


def _is_theirs(key: str, first: CellSide, left: CellSide, before: CellSide) -> bool:
    """Whether what the call found under a key of metadata is no work of the turn's earlier calls."""
    value, found = left.metadata.get(key), before.metadata.get(key)
    return key != METADATA_KEY and (value == first.metadata.get(key) or value != found)


def _with(side: CellSide, other: CellSide, what: Touched) -> CellSide:
    """The side with the touched parts of the other."""
    parts: dict[str, Any] = {}
    if what.source:
        parts.update(type=other.type, source=other.source)
    if what.place:
        parts.update(previous=other.previous, next=other.next, position=other.position)
    if what.outputs:
        parts.update(execution_count=other.execution_count, outputs=other.outputs, outputs_digest=other.outputs_digest)
        parts.update(attachments=other.attachments)
    if what.metadata:
        kept = {key: value for key, value in side.metadata.items() if key not in what.metadata}
        new = {key: other.metadata[key] for key in other.metadata if key in what.metadata}
        parts.update(metadata={**kept, **new})
    return msgspec.structs.replace(side, **parts)


def _moved(side: CellSide, what: Touched) -> CellSide:
    return msgspec.structs.replace(side, moved=True) if what.place else side
