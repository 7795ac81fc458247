"""Tools that change the notebook's cells. One call is one step: all of it or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from jupyter_agent_host.errors import NotebookUnavailableError, ToolArgumentError
from jupyter_agent_host.host.notebook.apply import apply_edits, changed_error
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
from jupyter_agent_host.host.tools.cell_reads import CellId, CellIds, find_cell
from jupyter_agent_host.host.tools.interface import (
    Effect,
    Tool,
    ToolAnswer,
    ToolContext,
    ToolRequest,
    define,
    text_answer,
)
from jupyter_agent_host.host.tools.provenance import provenance
from jupyter_agent_host.store.strip import METADATA_KEY

Revision = Annotated[str, msgspec.Meta(max_length=40)]
Source = Annotated[str, msgspec.Meta(max_length=1_000_000)]
After = Annotated[str, msgspec.Meta(max_length=64)]

_MAX_METADATA_BYTES = 64 * 1024


class NewCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cell to insert."""

    source: Source
    type: Literal["code", "markdown", "raw"] = "code"


class InsertCells(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`after` is the id of the cell before the first new one; "" for the top."""

    after: After
    cells: Annotated[tuple[NewCell, ...], msgspec.Meta(min_length=1, max_length=50)]


class Replacement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`old` must be in the cell exactly once."""

    old: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000_000)]
    new: Source


class EditCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either the whole `source`, or `replacements`; `type` changes the cell's type."""

    cell_id: CellId
    revision: Revision
    source: Source | None = None
    replacements: Annotated[tuple[Replacement, ...], msgspec.Meta(max_length=50)] = ()
    type: Literal["code", "markdown", "raw"] | None = None


class MoveCells(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The cells, in this order, to behind `after` ("" for the top)."""

    cell_ids: CellIds
    after: After


class NamedCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cell as it was read."""

    cell_id: CellId
    revision: Revision


class DeleteCells(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each with the revision that was read."""

    cells: Annotated[tuple[NamedCell, ...], msgspec.Meta(min_length=1, max_length=50)]


class SetMetadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`values` are set, key by key; null removes a key."""

    cell_id: CellId
    values: dict[str, Any]


class EditTool:
    """What the editing tools share: they read, make edits from their arguments, and carry those out in one step.

    A subclass gives `definition`, `arguments`, `edits`, `title` and `done`.
    """

    definition: Any
    arguments: type[msgspec.Struct]
    effect: Effect = "edit"

    def edits(self, context: ToolContext, arguments: Any, snapshot: Snapshot) -> list[CellEdit]:
        """The edits; raises `NotebookError` for what makes no sense."""
        raise NotImplementedError(f"{type(self).__name__} has to say what it edits")

    def title(self, arguments: Any) -> str:
        """What would happen, for a person."""
        raise NotImplementedError(f"{type(self).__name__} has to say what it does")

    def done(self, context: ToolContext, arguments: Any, after: Snapshot) -> str:
        """What happened, for the model."""
        raise NotImplementedError(f"{type(self).__name__} has to say what it did")

    async def request(self, context: ToolContext, arguments: Any) -> ToolRequest:
        """What a person or a rule judges; what would be refused anyway raises at once."""
        snapshot = await context.document.read()
        edits = self._checked(context, arguments, snapshot)
        inserted = tuple(edit.cell_id for edit in edits if isinstance(edit, InsertCell))
        named = dict.fromkeys(edit.cell_id for edit in edits)
        return ToolRequest(
            tool=self.definition.name,
            effect="edit",
            arguments=arguments,
            title=self.title(arguments),
            cells=tuple(cell for cell in snapshot.cells if cell.id in named),
            code=_code(edits, snapshot),
            new_cells=inserted,
            language=_language(snapshot),
        )

    async def call(self, context: ToolContext, arguments: Any) -> ToolAnswer:
        """Carry the edits out on the notebook as it is now."""
        document = context.document
        edits = self._checked(context, arguments, await document.read())
        return text_answer(self.done(context, arguments, await document.edit(edits)))

    def _checked(self, context: ToolContext, arguments: Any, snapshot: Snapshot) -> list[CellEdit]:
        turn = context.agent.active
        if snapshot.source == "file" and turn is not None and turn.request.origin == "cell":
            raise NotebookUnavailableError(
                "The notebook was run by a program that cannot be edited in from here, and that writes its file itself."
                " Show the code in your answer instead."
            )
        edits = self.edits(context, arguments, snapshot)
        apply_edits(snapshot.cells, edits)
        return edits


class InsertCellsTool(EditTool):
    """`insert_cells`."""

    definition = define(
        "insert_cells",
        "Insert new cells behind a cell. Answers with their ids. New code cells are not run.",
        InsertCells,
    )
    arguments: type[msgspec.Struct] = InsertCells

    def edits(self, context: ToolContext, arguments: InsertCells, _snapshot: Snapshot) -> list[CellEdit]:
        edits: list[CellEdit] = []
        after, metadata = arguments.after, provenance(context, "inserted")
        for cell_id, cell in zip(_new_ids(context, arguments), arguments.cells, strict=True):
            edits.append(InsertCell(cell_id, after, cell.type, cell.source, metadata))
            after = cell_id
        return edits

    def title(self, arguments: InsertCells) -> str:
        count = len(arguments.cells)
        where = f"below cell {arguments.after}" if arguments.after else "at the top"
        return f"Insert {'a cell' if count == 1 else f'{count} cells'} {where}"

    def done(self, context: ToolContext, arguments: InsertCells, after: Snapshot) -> str:
        return "Inserted:\n" + "\n".join(_now(after, cell_id) for cell_id in _new_ids(context, arguments))


class EditCellTool(EditTool):
    """`edit_cell`."""

    definition = define(
        "edit_cell",
        "Change one cell: either its whole source, or replacements of exact text that is in it once. Say the revision "
        "that you read. Refused, with the present text, when the cell changed since.",
        EditCell,
    )
    arguments: type[msgspec.Struct] = EditCell

    def edits(self, context: ToolContext, arguments: EditCell, snapshot: Snapshot) -> list[CellEdit]:
        cell = find_cell(snapshot, arguments.cell_id)
        if (arguments.source is None) == (not arguments.replacements) and arguments.type is None:
            raise ToolArgumentError("Give either source or replacements (or a type to change to).")
        source = arguments.source
        if source is None:
            source = _replaced(cell, arguments)
        change = ReplaceSource(arguments.cell_id, arguments.revision, source, arguments.type)
        return [change, SetCellMetadata(arguments.cell_id, provenance(context, "edited"))]

    def title(self, arguments: EditCell) -> str:
        return f"Edit cell {arguments.cell_id}"

    def done(self, _context: ToolContext, arguments: EditCell, after: Snapshot) -> str:
        return f"Edited: {_now(after, arguments.cell_id)}"


class MoveCellsTool(EditTool):
    """`move_cells`."""

    definition = define("move_cells", "Move cells, in the order given, to behind another cell.", MoveCells)
    arguments: type[msgspec.Struct] = MoveCells

    def edits(self, _context: ToolContext, arguments: MoveCells, _snapshot: Snapshot) -> list[CellEdit]:
        if arguments.after in arguments.cell_ids:
            raise ToolArgumentError("A cell cannot be moved to behind itself.")
        edits: list[CellEdit] = []
        after = arguments.after
        for cell_id in dict.fromkeys(arguments.cell_ids):
            edits.append(MoveCell(cell_id, after))
            after = cell_id
        return edits

    def title(self, arguments: MoveCells) -> str:
        where = f"below cell {arguments.after}" if arguments.after else "to the top"
        return f"Move cell {', '.join(arguments.cell_ids)} {where}"

    def done(self, _context: ToolContext, arguments: MoveCells, _after: Snapshot) -> str:
        return f"Moved: {', '.join(dict.fromkeys(arguments.cell_ids))}."


class DeleteCellsTool(EditTool):
    """`delete_cells`."""

    definition = define("delete_cells", "Delete cells. Say the revision of each that you read.", DeleteCells)
    arguments: type[msgspec.Struct] = DeleteCells

    def edits(self, _context: ToolContext, arguments: DeleteCells, _snapshot: Snapshot) -> list[CellEdit]:
        return [DeleteCell(cell.cell_id, cell.revision) for cell in dict.fromkeys(arguments.cells)]

    def title(self, arguments: DeleteCells) -> str:
        return f"Delete cell {', '.join(cell.cell_id for cell in arguments.cells)}"

    def done(self, _context: ToolContext, _arguments: DeleteCells, after: Snapshot) -> str:
        return f"Deleted. The notebook has {len(after.cells)} cells now."


class SetMetadataTool(EditTool):
    """`set_cell_metadata`."""

    definition = define(
        "set_cell_metadata",
        'Set or remove (null) top-level keys of a cell\'s metadata, such as {"tags": ["parameters"]}.',
        SetMetadata,
    )
    arguments: type[msgspec.Struct] = SetMetadata

    def edits(self, _context: ToolContext, arguments: SetMetadata, _snapshot: Snapshot) -> list[CellEdit]:
        if len(msgspec.json.encode(arguments.values)) > _MAX_METADATA_BYTES:
            raise ToolArgumentError(f"At most {_MAX_METADATA_BYTES} bytes of metadata can be set at once.")
        if METADATA_KEY in arguments.values:
            raise ToolArgumentError(f"The key {METADATA_KEY!r} says which cells are yours; the host alone writes it.")
        return [SetCellMetadata(arguments.cell_id, arguments.values)]

    def title(self, arguments: SetMetadata) -> str:
        return f"Set {', '.join(map(repr, arguments.values))} in the metadata of cell {arguments.cell_id}"

    def done(self, _context: ToolContext, arguments: SetMetadata, _after: Snapshot) -> str:
        return f"Set: {', '.join(map(repr, arguments.values))}."


def _new_ids(context: ToolContext, arguments: InsertCells) -> list[str]:
    """Made from the call's id: the call carried out again, after a restart of the host, inserts nothing twice."""
    return [
        hashlib.sha256(f"{context.agent.row.notebook_id}:{context.request_id}:{index}".encode()).hexdigest()[:12]
        for index in range(len(arguments.cells))
    ]


def _replaced(cell: Cell, arguments: EditCell) -> str:
    if arguments.replacements and cell.revision != arguments.revision:
        raise changed_error(cell)
    source = cell.source
    for replacement in arguments.replacements:
        count = source.count(replacement.old)
        if count != 1:
            raise ToolArgumentError(
                f"The text {replacement.old[:80]!r} is in cell {cell.id} {count} times, not once; nothing was edited."
            )
        source = source.replace(replacement.old, replacement.new)
    return source


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


def _now(after: Snapshot, cell_id: str) -> str:
    cell = after.cell(cell_id)
    return f"{cell_id} rev {cell.revision} {cell.type}" if cell is not None else f"{cell_id} (gone again)"


def editing_tools() -> tuple[Tool, ...]:
    """In the order in which the model is told of them."""
    return (InsertCellsTool(), EditCellTool(), MoveCellsTool(), DeleteCellsTool(), SetMetadataTool())
