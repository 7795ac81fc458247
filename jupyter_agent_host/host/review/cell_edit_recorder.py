"""Notes what each call of the agent's did to cells."""

from __future__ import annotations

from jupyter_agent_host.host.notebook.cells import CellEdit, DeleteCell, InsertCell, SetCellMetadata, Snapshot
from jupyter_agent_host.host.tools.tool import ToolAnswer, ToolContext, ToolRequest
from jupyter_agent_host.store.envelope.strip_notebook import METADATA_KEY


class CellRecorder:
    """See `Recorder`. Looks at the cells that a call concerns alone: what the person does meanwhile is theirs."""

    async def note(self, context: ToolContext, request: ToolRequest, answer: ToolAnswer) -> None:
        """Note what became of the cells."""
        change = request.change
        if change.seen is None or not change.edits:
            return
        after, edits = answer.after, change.edits
        if after is None and change.effect == "edit":
            # The answer was lost, or the edit refused: what carries the mark of this very call was done.
            after = await context.document.read()
            edits = tuple(edit for edit in edits if _was_done(edit, edits, after))
        await context.agent.note_cells(context.turn_id, change.seen, edits, after)


def _was_done(edit: CellEdit, edits: tuple[CellEdit, ...], after: Snapshot) -> bool:
    cell = after.cell(edit.cell_id)
    if isinstance(edit, DeleteCell) or cell is None:
        return isinstance(edit, DeleteCell) and cell is None
    return any(cell.metadata.get(METADATA_KEY) == mark for mark in _marks(edits, edit.cell_id))


def _marks(edits: tuple[CellEdit, ...], cell_id: str) -> list[object]:
    mine = [edit for edit in edits if edit.cell_id == cell_id]
    values = [edit.metadata for edit in mine if isinstance(edit, InsertCell)]
    values += [edit.values for edit in mine if isinstance(edit, SetCellMetadata)]
    return [each[METADATA_KEY] for each in values if METADATA_KEY in each]
