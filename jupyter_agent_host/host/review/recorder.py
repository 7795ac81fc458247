"""Notes what each call of the agent's did to cells, and leaves in those cells who it was."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from jupyter_agent_host.errors import NotebookError
from jupyter_agent_host.host.notebook.cells import SetCellMetadata, Snapshot
from jupyter_agent_host.host.review.model import CellSide, side_of
from jupyter_agent_host.host.tools.interface import ToolAnswer, ToolContext, ToolRequest
from jupyter_agent_host.host.tools.provenance import is_marked, provenance

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from jupyter_agent_host.host.notebook.interface import NotebookDocument

_HOW = {"insert": "inserted", "edit": "edited", "move": "moved", "run": "ran"}


class CellRecorder:
    """See `Recorder`. Looks at the cells that a call concerns alone: what the person does meanwhile is theirs."""

    def __init__(self) -> None:
        self._before: dict[str, dict[str, CellSide | None]] = {}

    async def before(self, context: ToolContext, request: ToolRequest) -> None:
        """Remember the cells as they are."""
        ids = _concerned(request)
        if ids:
            snapshot = await context.document.read(ids)
            self._before[context.request_id] = {cell_id: side_of(snapshot, cell_id) for cell_id in ids}

    async def after(self, context: ToolContext, request: ToolRequest, answer: ToolAnswer) -> None:  # noqa: ARG002 - a call that failed may have done half of it
        """Note what became of them."""
        before = self._before.pop(context.request_id, None)
        if not before:
            return
        agent, document = context.agent, context.document
        snapshot = await document.read(before)
        changed = [key for key, side in before.items() if _differs(side, side_of(snapshot, key))]
        how = _how(request.tool)
        snapshot = await _sign(document, snapshot, changed, context, how)
        for cell_id in changed:
            after = side_of(snapshot, cell_id)
            if after is not None and how == "moved":
                after = _moved(after)
            await agent.review.note_cell(context.turn_id, before[cell_id], after)


async def _sign(
    document: NotebookDocument, snapshot: Snapshot, cell_ids: list[str], context: ToolContext, how: str
) -> Snapshot:
    """Say in each cell which turn it comes from; what cannot be said now is no reason to fail."""
    cells = [cell for cell in map(snapshot.cell, cell_ids) if cell is not None]
    unmarked = [cell.id for cell in cells if not is_marked(cell, context, how)]
    edits = [SetCellMetadata(cell_id, provenance(context, how)) for cell_id in unmarked]
    if not edits:
        return snapshot
    try:
        await document.edit(edits)
    except NotebookError as err:
        logger.info("a cell carries no mark: %s", err)
    return await document.read(cell_ids)


def _concerned(request: ToolRequest) -> tuple[str, ...]:
    return (*(cell.id for cell in request.cells), *request.new_cells)


def _how(tool: str) -> str:
    return next((how for verb, how in _HOW.items() if tool.startswith(verb)), "edited")


def _differs(before: CellSide | None, after: CellSide | None) -> bool:
    """Position apart: cells that others push down did not change."""
    if before is None or after is None:
        return before is not after
    return _content(before) != _content(after)


def _content(side: CellSide) -> tuple[object, ...]:
    return (side.type, side.source, side.metadata, side.previous, side.execution_count, side.outputs_digest)


def _moved(side: CellSide) -> CellSide:
    return msgspec.structs.replace(side, moved=True)
