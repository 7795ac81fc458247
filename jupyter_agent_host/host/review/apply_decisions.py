"""Carrying out a person's decisions on cells and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio.from_thread
import anyio.to_thread

from jupyter_agent_host.errors import AgentHostError, NotebookError
from jupyter_agent_host.host.notebook.cells import CellEdit, Snapshot
from jupyter_agent_host.host.review.cell_order import Order, read_places
from jupyter_agent_host.host.review.checkpoints import Checkpoints
from jupyter_agent_host.host.review.kept_versions import TAKEN_BACK, Choice, read_cell, read_file, read_kept
from jupyter_agent_host.host.review.review_context import ReviewContext
from jupyter_agent_host.host.review.undo_cells import Conflict, undo_cell
from jupyter_agent_host.host.review.undo_files import CHANGED, FileUndo, FileUndoer
from jupyter_agent_host.host.workspace.files.file_backups import Keeper
from jupyter_agent_host.protocol.events import FileChange, FilesChanged
from jupyter_agent_host.store.journal.rows import CheckpointItemRow, CheckpointRow


@dataclass
class DecisionOutcome:
    """What was carried out, what needs a choice, and what is impossible."""

    done: list[CheckpointItemRow] = field(default_factory=list)
    conflicts: list[tuple[CheckpointItemRow, Conflict]] = field(default_factory=list)
    problems: list[tuple[CheckpointItemRow, str]] = field(default_factory=list)

    def add(self, other: DecisionOutcome) -> None:
        self.done += other.done
        self.conflicts += other.conflicts
        self.problems += other.problems


async def undo_cells(
    context: ReviewContext,
    checkpoints: Checkpoints,
    row: CheckpointRow,
    items: Sequence[CheckpointItemRow],
    choice: Choice,
) -> DecisionOutcome:
    """Bring cells of the turn back, all in one step; those in conflict stay as they are."""
    outcome = DecisionOutcome()
    document = context.document
    try:
        now = await document.read([item.key for item in items])
        steps = plan(row, items, now, choice, outcome)
        if steps:
            after = await document.edit(steps, for_person=True)
            await checkpoints.put_places(row.turn_id, now, after, steps)
    except NotebookError as err:
        return DecisionOutcome(problems=[(item, str(err).rstrip(".")) for item in items])
    return outcome


def plan(
    row: CheckpointRow, items: Sequence[CheckpointItemRow], now: Snapshot, choice: Choice, outcome: DecisionOutcome
) -> list[CellEdit]:
    """What the turn made goes first, then cells come back from the top down: so each finds its neighbour in place."""
    steps: list[CellEdit] = []
    sides = {item.key: (read_cell(item.before), read_cell(item.after)) for item in items}
    made = {key for key, (before, _) in sides.items() if before is None}
    ids = [cell.id for cell in now.cells]
    order = Order(read_places(row.places), ids, displaced(row))
    for item in sorted(items, key=lambda item: (item.key not in made, order.rank(item.key))):
        before, after = sides[item.key]
        moves = after is not None and after.moved and not order.is_theirs(item.key)
        undo = undo_cell(before, after, now, order, choice, moves=moves)
        if undo.conflict is not None:
            outcome.conflicts.append((item, undo.conflict))
            continue
        outcome.done.append(item)
        steps += undo.edits
        if before is None and undo.edits:
            order.remove(item.key)
    return steps


def displaced(row: CheckpointRow) -> set[str]:
    """Cells that the turn moved and that were not taken back."""
    cells = [item for item in row.items if item.kind == "cell" and item.state not in TAKEN_BACK]
    sides = [read_cell(item.after) for item in cells]
    return {side.id for side in sides if side is not None and side.moved}


async def undo_files(
    context: ReviewContext, keeper: Keeper, items: Sequence[CheckpointItemRow], choice: Choice
) -> DecisionOutcome:
    """Bring files back, each by itself."""
    undoer = FileUndoer(await context.shown_folder(), keeper, anyio.from_thread.check_cancelled)
    outcome = DecisionOutcome()
    changes: list[FileChange] = []
    for item in items:
        before, after = read_kept(item.before), read_file(item.after).written
        undo: FileUndo = await anyio.to_thread.run_sync(undoer.undo, item.key, before, after, choice)
        if undo.conflict is not None:
            outcome.conflicts.append((item, undo.conflict))
        elif undo.impossible:
            outcome.problems.append((item, undo.impossible))
        else:
            outcome.done.append(item)
            action = "deleted" if before is None else "created" if after is None else "modified"
            changes.append(FileChange(path=item.key, action=action, size_bytes=before.size if before else 0))  # type: ignore[arg-type]
    if changes:
        await context.emit("", FilesChanged(files=tuple(changes)))
    return outcome


async def accept_files(
    context: ReviewContext,
    checkpoints: Checkpoints,
    turn_id: str,
    items: Sequence[CheckpointItemRow],
    choice: Choice,
) -> DecisionOutcome:
    """Let what waits inside reach the person's folder: exactly what was looked at, and once."""
    workspace, outcome = await context.workspace(), DecisionOutcome()
    stamps = {waiting.path: waiting.stamp for item in items if (waiting := read_file(item.after).waiting) is not None}
    collected = await workspace.accept(stamps, over_mine=choice == "before")
    await checkpoints.put_files(turn_id, context.serving_session, collected)
    if collected.files:
        await context.emit("", FilesChanged(files=collected.files))
    left = {waiting.path: waiting for waiting in collected.waiting}
    refused = {refused.path: refused.reason for refused in collected.all_refused}
    for item in items:
        still = left.get(item.key)
        if still is None and item.key not in refused:
            outcome.done.append(item)
        elif still is not None and still.stamp == stamps[item.key] and still.reason.startswith("you "):
            look = await workspace.look(item.key)
            mine = None if look.person is None else look.person.decode()
            theirs = None if look.inside is None else look.inside.decode()
            outcome.conflicts.append((item, Conflict(CHANGED, mine, theirs)))
        else:
            outcome.problems.append((item, still.reason if still is not None else refused[item.key]))
    return outcome


async def reject_files(context: ReviewContext, items: Sequence[CheckpointItemRow]) -> DecisionOutcome:
    """Take changes that wait back inside the sandbox."""
    try:
        workspace = await context.workspace()
        await workspace.revert([item.key for item in items])
    except AgentHostError as err:
        return DecisionOutcome(problems=[(item, str(err).rstrip(".")) for item in items])
    return DecisionOutcome(done=list(items))
