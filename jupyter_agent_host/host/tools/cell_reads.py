"""Tools that read the notebook: its cells, their outputs, a search. They change nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from jupyter_agent_host.errors import CellMissingError, ToolArgumentError
from jupyter_agent_host.host.notebook.apply import index_of
from jupyter_agent_host.host.notebook.cells import Cell, Snapshot
from jupyter_agent_host.host.notebook.outputs import content_of
from jupyter_agent_host.host.tools.interface import (
    Effect,
    Tool,
    ToolAnswer,
    ToolContext,
    ToolRequest,
    define,
    text_answer,
)
from jupyter_agent_host.protocol.host_tools import ToolContent, ToolText

CellId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
CellIds = Annotated[tuple[CellId, ...], msgspec.Meta(min_length=1, max_length=50)]

_PAGE = 100
_MAX_PAGE = 500
_HEAD = 80
_MAX_SOURCE = 100_000
_MAX_HITS = 100


class _Read:
    """What the reading tools share: they never need leave."""

    effect: Effect = "read"

    async def request(self, _context: ToolContext, arguments: Any) -> ToolRequest:
        return ToolRequest(tool="read", effect="read", arguments=arguments, title="Read the notebook")


class Overview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`start` is the id of the first cell to list, "" for the top."""

    start: Annotated[str, msgspec.Meta(max_length=64)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=_MAX_PAGE)] = _PAGE


class OverviewTool(_Read):
    """`overview`."""

    definition = define(
        "overview",
        "The live notebook's cells in order, one a line: id, revision, type, execution count, state, kinds of outputs, "
        "first line of source. Long notebooks come in pages: go on with `start`.",
        Overview,
        read_only=True,
    )
    arguments: type[msgspec.Struct] = Overview

    async def call(self, context: ToolContext, arguments: Overview) -> ToolAnswer:
        """A page of lines."""
        snapshot = await context.document.read()
        first = index_of(snapshot.cells, arguments.start) if arguments.start else 0
        page = snapshot.cells[first : first + arguments.limit]
        lines = [_heading(snapshot), *(_line(cell) for cell in page)]
        left = snapshot.cells[first + len(page) :]
        if left:
            lines.append(f'({len(left)} more cells: go on with start="{left[0].id}")')
        return text_answer("\n".join(lines))


class ReadCells(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 50 cells."""

    cell_ids: CellIds


class ReadCellsTool(_Read):
    """`read_cells`."""

    definition = define(
        "read_cells",
        "Whole source, revision, tags and state of cells by id. Name the revision when you edit.",
        ReadCells,
        read_only=True,
    )
    arguments: type[msgspec.Struct] = ReadCells

    async def call(self, context: ToolContext, arguments: ReadCells) -> ToolAnswer:
        """A heading and the source of each."""
        snapshot = await context.document.read()
        room, parts = _MAX_SOURCE, []
        for cell in _named(snapshot, arguments.cell_ids):
            source = cell.source[:room]
            room -= len(source)
            left = len(cell.source) - len(source)
            cut = f"\n[{left} more characters are left out]" if left else ""
            parts.append(f"{_facts(cell)}\n{source}{cut}")
        return text_answer("\n\n".join(parts))


class ReadOutputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 50 cells."""

    cell_ids: CellIds


class ReadOutputsTool(_Read):
    """`read_outputs`."""

    definition = define(
        "read_outputs",
        "What cells show below them: text, errors, tables, and plots as images.",
        ReadOutputs,
        read_only=True,
    )
    arguments: type[msgspec.Struct] = ReadOutputs

    async def call(self, context: ToolContext, arguments: ReadOutputs) -> ToolAnswer:
        """Text and images, cell by cell."""
        snapshot = await context.document.read(arguments.cell_ids)
        content: list[ToolContent] = []
        for cell in _named(snapshot, arguments.cell_ids):
            shown = content_of(cell.outputs)
            content.append(ToolText(f"{_facts(cell)}{'' if shown else ' (no output)'}"))
            content.extend(shown)
        return ToolAnswer(tuple(content))


class SearchCells(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`text` is plain text, looked for in sources."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    ignore_case: bool = True


class SearchCellsTool(_Read):
    """`search_cells`."""

    definition = define(
        "search_cells",
        "Lines of the cells' sources that contain a text, with cell id and line number.",
        SearchCells,
        read_only=True,
    )
    arguments: type[msgspec.Struct] = SearchCells

    async def call(self, context: ToolContext, arguments: SearchCells) -> ToolAnswer:
        """One line a hit."""
        flags = re.IGNORECASE if arguments.ignore_case else 0
        wanted = re.compile(re.escape(arguments.text), flags)
        snapshot = await context.document.read()
        hits = [
            f"{cell.id} line {number}: {line.strip()[:200]}"
            for cell in snapshot.cells
            for number, line in enumerate(cell.source.splitlines(), 1)
            if wanted.search(line)
        ]
        if not hits:
            return text_answer(f"No cell of {len(snapshot.cells)} contains that text.")
        more = [f"({len(hits) - _MAX_HITS} more)"] if len(hits) > _MAX_HITS else []
        return text_answer("\n".join([*hits[:_MAX_HITS], *more]))


def find_cell(snapshot: Snapshot, cell_id: str) -> Cell:
    """The cell of that id.

    Raises:
        CellMissingError: it is not there.
    """
    return snapshot.cells[index_of(snapshot.cells, cell_id)]


def _named(snapshot: Snapshot, cell_ids: Sequence[str]) -> list[Cell]:
    by_id = {cell.id: cell for cell in snapshot.cells}
    missing = [cell_id for cell_id in cell_ids if cell_id not in by_id]
    if missing and len(missing) == len(cell_ids):
        raise CellMissingError(f"Not in the notebook (any more): {', '.join(missing)}. Its overview has the ids.")
    if missing:
        raise ToolArgumentError(f"Not in the notebook (any more): {', '.join(missing)}. Ask for the others alone.")
    return [by_id[cell_id] for cell_id in dict.fromkeys(cell_ids)]


def _heading(snapshot: Snapshot) -> str:
    kernel = snapshot.metadata.get("kernelspec")
    name = kernel.get("name") if isinstance(kernel, dict) else None
    where = {"room": "shared live document", "page": "open in a page", "file": "file, open nowhere"}[snapshot.source]
    unsaved = ", unsaved changes" if snapshot.unsaved else ""
    return f"{len(snapshot.cells)} cells, kernel {str(name or 'unknown')[:60]}, {where}{unsaved}"


def _line(cell: Cell) -> str:
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "(empty)")
    more = f" (+{lines - 1} lines)" if (lines := cell.source.count("\n") + 1) > 1 else ""
    return f"{_facts(cell)} | {first[:_HEAD]}{more}"


def _facts(cell: Cell) -> str:
    words = [cell.id, f"rev {cell.revision}", cell.type]
    if cell.type == "code":
        words.append(f"[{cell.execution_count if cell.execution_count is not None else ' '}]")
    words += ["running"] if cell.running else []
    words += ["the person is typing here"] if cell.typing else []
    tags = cell.metadata.get("tags")
    if isinstance(tags, (list, tuple)) and tags:
        words.append(f"tags {','.join(str(tag)[:40] for tag in tags[:10])}")
    if cell.output_kinds:
        words.append(f"outputs {','.join(cell.output_kinds[:6])}")
    return " ".join(words)


def reading_tools() -> tuple[Tool, ...]:
    """In the order in which the model is told of them."""
    return (OverviewTool(), ReadCellsTool(), ReadOutputsTool(), SearchCellsTool())
