"""Tools that change the notebook's cells. One call is one step: all of it or nothing.

Each function is pure: it says what its arguments would do to the notebook as it was read. `_serve` is the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from jupyter_agent_host.errors import NotebookUnavailableError, ToolArgumentError
from jupyter_agent_host.host.notebook.cells import (
    Cell,
    CellEdit,
    DeleteCell,
    InsertCell,
    MoveCell,
    ReplaceSource,
    SetCellMetadata,
    Snapshot,
)
from jupyter_agent_host.host.notebook.checked_cell_edits import apply_edits, changed_error
from jupyter_agent_host.host.tools.cell_text import provenance, revision_now
from jupyter_agent_host.host.tools.tool import Change, Serve, Tool, ToolAnswer, ToolContext, text_answer
from jupyter_agent_host.host.tools.tool_arguments import (
    After,
    Arguments,
    CellId,
    CellIds,
    CellKind,
    NamedCells,
    Revision,
    Source,
    find_cell,
)
from jupyter_agent_host.store.envelope.strip_notebook import METADATA_KEY

_MAX_METADATA_BYTES = 64 * 1024


@dataclass(frozen=True)
class _Step:
    """Edits, what they are for a person, and what to tell the model of the notebook after them."""

    edits: Sequence[CellEdit]
    title: str
    done: Callable[[Snapshot], str]


class NewCell(Arguments, frozen=True):
    """A cell to insert."""

    source: Source
    type: CellKind = "code"


class InsertCells(Arguments, frozen=True):
    """`after` is the id of the cell before the first new one; "" for the top."""

    after: After
    cells: Annotated[tuple[NewCell, ...], msgspec.Meta(min_length=1, max_length=50)]


def insert_cells(context: ToolContext, arguments: InsertCells, _snapshot: Snapshot) -> _Step:
    """New cells, one behind the other."""
    ids = [_new_id(context, index) for index in range(len(arguments.cells))]
    edits: list[CellEdit] = []
    after, mark = arguments.after, provenance(context, "inserted")
    for cell_id, cell in zip(ids, arguments.cells, strict=True):
        edits.append(InsertCell(cell_id, after, cell.type, _with_line_feeds(cell.source), mark))
        after = cell_id
    what = "a cell" if len(ids) == 1 else f"{len(ids)} cells"
    where = f"below cell {arguments.after}" if arguments.after else "at the top"
    return _Step(
        edits,
        f"Insert {what} {where}",
        lambda now: "\n".join(["Inserted:", *(revision_now(now, cell_id) for cell_id in ids)]),
    )


class Replacement(Arguments, frozen=True):
    """`old` must be in the cell exactly once."""

    old: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000_000)]
    new: Source


class EditCell(Arguments, frozen=True):
    """Either the whole `source`, or `replacements`; `type` changes the cell's type."""

    cell_id: CellId
    revision: Revision
    source: Source | None = None
    replacements: Annotated[tuple[Replacement, ...], msgspec.Meta(max_length=50)] = ()
    type: CellKind | None = None


def edit_cell(context: ToolContext, arguments: EditCell, snapshot: Snapshot) -> _Step:
    """One cell's source or type."""
    cell = find_cell(snapshot, arguments.cell_id)
    if (arguments.source is None) == (not arguments.replacements) and arguments.type is None:
        raise ToolArgumentError("Give either source or replacements (or a type to change to).")
    source = _with_line_feeds(arguments.source) if arguments.source is not None else _replaced(cell, arguments)
    return _Step(
        [
            ReplaceSource(cell.id, arguments.revision, source, arguments.type),
            SetCellMetadata(cell.id, provenance(context, "edited")),
        ],
        f"Edit cell {cell.id}",
        lambda now: f"Edited: {revision_now(now, cell.id)}",
    )


class MoveCells(Arguments, frozen=True):
    """The cells, in this order, to behind `after` ("" for the top)."""

    cell_ids: CellIds
    after: After


def move_cells(context: ToolContext, arguments: MoveCells, _snapshot: Snapshot) -> _Step:
    """Cells to another place."""
    if arguments.after in arguments.cell_ids:
        raise ToolArgumentError("A cell cannot be moved to behind itself.")
    edits: list[CellEdit] = []
    after, mark = arguments.after, provenance(context, "moved")
    ids = list(dict.fromkeys(arguments.cell_ids))
    for cell_id in ids:
        edits += [MoveCell(cell_id, after), SetCellMetadata(cell_id, mark)]
        after = cell_id
    where = f"below cell {arguments.after}" if arguments.after else "to the top"
    return _Step(edits, f"Move cell {', '.join(ids)} {where}", lambda _now: f"Moved: {', '.join(ids)}.")


class DeleteCells(Arguments, frozen=True):
    """Each with the revision that was read."""

    cells: NamedCells


def delete_cells(_context: ToolContext, arguments: DeleteCells, _snapshot: Snapshot) -> _Step:
    """Cells away."""
    cells = list(dict.fromkeys(arguments.cells))
    return _Step(
        [DeleteCell(cell.cell_id, cell.revision) for cell in cells],
        f"Delete cell {', '.join(cell.cell_id for cell in cells)}",
        lambda now: f"Deleted. The notebook has {len(now.cells)} cells now.",
    )


class SetMetadata(Arguments, frozen=True):
    """`values` are set, key by key; null removes a key."""

    cell_id: CellId
    values: dict[str, Any]


def set_cell_metadata(context: ToolContext, arguments: SetMetadata, _snapshot: Snapshot) -> _Step:
    """Keys of one cell's metadata."""
    if len(msgspec.json.encode(arguments.values)) > _MAX_METADATA_BYTES:
        raise ToolArgumentError(f"At most {_MAX_METADATA_BYTES} bytes of metadata can be set at once.")
    if METADATA_KEY in arguments.values:
        raise ToolArgumentError(f"The key {METADATA_KEY!r} says which cells are yours; the host alone writes it.")
    keys = ", ".join(map(repr, arguments.values))
    values = {**arguments.values, **provenance(context, "edited")}
    return _Step(
        [SetCellMetadata(arguments.cell_id, values)],
        f"Set {keys} in the metadata of cell {arguments.cell_id}",
        lambda _now: f"Set: {keys}.",
    )


def _serve(step_of: Callable[[ToolContext, Any, Snapshot], _Step], concerned: Callable[[Any], Sequence[str]]) -> Serve:
    """How an edit is served: read once, judge what it would do, and on leave carry out exactly that."""

    async def serve(context: ToolContext, arguments: Any) -> Change:
        document = context.document
        seen = await document.read(concerned(arguments))
        _refuse_unreachable(context, seen)
        step = step_of(context, arguments, seen)
        apply_edits(seen.cells, step.edits)  # raises what would be refused anyway, so that nobody is asked about it

        async def carry_out() -> ToolAnswer:
            after = await document.edit(step.edits, seen=seen)
            return text_answer(step.done(after), after=after)

        return Change(
            title=step.title,
            effect="edit",
            carry_out=carry_out,
            code=_code(step.edits, seen),
            language=_language(seen),
            seen=seen,
            edits=tuple(step.edits),
        )

    return serve


def _refuse_unreachable(context: ToolContext, snapshot: Snapshot) -> None:
    turn = context.agent.active
    if snapshot.source == "file" and turn is not None and turn.request.origin == "cell":
        raise NotebookUnavailableError(
            "The notebook was run by a program that cannot be edited in from here, and that writes its file itself."
            " Show the code in your answer instead."
        )


def _new_id(context: ToolContext, index: int) -> str:
    """Made from the call's id: the call carried out again, after a restart of the host, inserts nothing twice."""
    text = f"{context.agent.notebook_id}:{context.request_id}:{index}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _replaced(cell: Cell, arguments: EditCell) -> str:
    if arguments.replacements and cell.revision != arguments.revision:
        raise changed_error(cell)
    source = _with_line_feeds(cell.source)
    for replacement in arguments.replacements:
        count = source.count(_with_line_feeds(replacement.old))
        if count != 1:
            raise ToolArgumentError(
                f"The text {replacement.old[:80]!r} is in cell {cell.id} {count} times, not once; nothing was edited."
            )
        source = source.replace(_with_line_feeds(replacement.old), _with_line_feeds(replacement.new))
    return source


def _with_line_feeds(text: str) -> str:
    """As every editor of notebooks ends lines; a file from elsewhere may end them otherwise."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _code(edits: Sequence[CellEdit], snapshot: Snapshot) -> str:
    """The source that could run later."""
    sources = []
    for edit in edits:
        if isinstance(edit, InsertCell) and edit.type == "code":
            sources.append(edit.source)
        elif isinstance(edit, ReplaceSource):
            cell = snapshot.cell(edit.cell_id)
            if (edit.type or (cell.type if cell is not None else "code")) == "code":
                sources.append(edit.source)
    return "\n\n".join(sources)


def _language(snapshot: Snapshot) -> str:
    for place, key in (("language_info", "name"), ("kernelspec", "language")):
        facts = snapshot.metadata.get(place)
        if isinstance(facts, Mapping) and isinstance(facts.get(key), str):
            return str(facts[key])
    return "python"


EDITING_TOOLS = (
    Tool(
        "insert_cells",
        "Insert new cells behind a cell. Answers with their ids. New code cells are not run.",
        InsertCells,
        _serve(insert_cells, lambda _arguments: ()),
    ),
    Tool(
        "edit_cell",
        "Change one cell: either its whole source, or replacements of exact text that is in it once. Say the revision "
        "that you read. Refused, with the present text, when the cell changed since.",
        EditCell,
        _serve(edit_cell, lambda arguments: (arguments.cell_id,)),
    ),
    Tool(
        "move_cells",
        "Move cells, in the order given, to behind another cell.",
        MoveCells,
        _serve(move_cells, lambda arguments: arguments.cell_ids),
    ),
    Tool(
        "delete_cells",
        "Delete cells. Say the revision of each that you read.",
        DeleteCells,
        _serve(delete_cells, lambda arguments: [cell.cell_id for cell in arguments.cells]),
    ),
    Tool(
        "set_cell_metadata",
        'Set or remove (null) top-level keys of a cell\'s metadata, such as {"tags": ["parameters"]}.',
        SetMetadata,
        _serve(set_cell_metadata, lambda arguments: (arguments.cell_id,)),
    ),
)
