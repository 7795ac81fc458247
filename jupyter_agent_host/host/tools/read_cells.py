"""Tools that read the notebook: its cells, their outputs, a search. They change nothing."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from jupyter_agent_host.host.notebook.cell_outputs import content_of
from jupyter_agent_host.host.notebook.checked_cell_edits import index_of
from jupyter_agent_host.host.tools.cell_text import facts, heading, line
from jupyter_agent_host.host.tools.tool import Tool, ToolAnswer, ToolContext
from jupyter_agent_host.host.tools.tool_arguments import Arguments, TheseCells, find_cells
from jupyter_agent_host.protocol.host_tools import ToolContent, ToolText

_PAGE = 100
_MAX_PAGE = 500
_MAX_SOURCE = 100_000
_MAX_HITS = 100


class Overview(Arguments, frozen=True):
    """`start` is the id of the first cell to list, "" for the top."""

    start: Annotated[str, msgspec.Meta(max_length=64)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=_MAX_PAGE)] = _PAGE


async def overview(context: ToolContext, arguments: Overview) -> str:
    """A page of lines."""
    snapshot = await context.document.read()
    first = index_of(snapshot.cells, arguments.start) if arguments.start else 0
    page = snapshot.cells[first : first + arguments.limit]
    lines = [heading(snapshot), *(line(cell) for cell in page)]
    left = snapshot.cells[first + len(page) :]
    if left:
        lines.append(f'({len(left)} more cells: go on with start="{left[0].id}")')
    return "\n".join(lines)


async def read_cells(context: ToolContext, arguments: TheseCells) -> str:
    """A heading and the source of each."""
    snapshot = await context.document.read()
    room, parts = _MAX_SOURCE, []
    for cell in find_cells(snapshot, arguments.cell_ids):
        source = cell.source[:room]
        room -= len(source)
        left = len(cell.source) - len(source)
        cut = f"\n[{left} more characters are left out]" if left else ""
        parts.append(f"{facts(cell)}\n{source}{cut}")
    return "\n\n".join(parts)


async def read_outputs(context: ToolContext, arguments: TheseCells) -> ToolAnswer:
    """Text and images, cell by cell."""
    snapshot = await context.document.read(arguments.cell_ids)
    content: list[ToolContent] = []
    for cell in find_cells(snapshot, arguments.cell_ids):
        shown = content_of([*cell.outputs, *({"data": bundle} for bundle in cell.attachments.values())])
        content.append(ToolText(f"{facts(cell)}{'' if shown else ' (no output)'}"))
        content.extend(shown)
    return ToolAnswer(tuple(content))


class SearchCells(Arguments, frozen=True):
    """`text` is plain text, looked for in sources."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    ignore_case: bool = True


async def search_cells(context: ToolContext, arguments: SearchCells) -> str:
    """One line a hit."""
    wanted = re.compile(re.escape(arguments.text), re.IGNORECASE if arguments.ignore_case else 0)
    snapshot = await context.document.read()
    hits = [
        f"{cell.id} line {number}: {text.strip()[:200]}"
        for cell in snapshot.cells
        for number, text in enumerate(cell.source.splitlines(), 1)
        if wanted.search(text)
    ]
    if not hits:
        return f"No cell of {len(snapshot.cells)} contains that text."
    more = [f"({len(hits) - _MAX_HITS} more)"] if len(hits) > _MAX_HITS else []
    return "\n".join([*hits[:_MAX_HITS], *more])


READING_TOOLS = (
    Tool(
        "overview",
        "The live notebook's cells in order, one a line: id, revision, type, execution count, state, kinds of outputs, "
        "first line of source. Long notebooks come in pages: go on with `start`.",
        Overview,
        overview,
        read_only=True,
    ),
    Tool(
        "read_cells",
        "Whole source, revision, tags and state of cells by id. Name the revision when you edit.",
        TheseCells,
        read_cells,
        read_only=True,
    ),
    Tool(
        "read_outputs",
        "What cells show below them: text, errors, tables, and plots as images. Of text cells the attached pictures.",
        TheseCells,
        read_outputs,
        read_only=True,
    ),
    Tool(
        "search_cells",
        "Lines of the cells' sources that contain a text, with cell id and line number.",
        SearchCells,
        search_cells,
        read_only=True,
    ),
)
