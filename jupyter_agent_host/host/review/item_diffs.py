"""Diffs of single items: what the turn did, and what the person did since."""

from __future__ import annotations

from pathlib import Path

from jupyter_agent_host.errors import NotebookError
from jupyter_agent_host.host.diff.unified_diff import diff
from jupyter_agent_host.host.review.kept_versions import CellSide, read_cell, read_file, read_kept
from jupyter_agent_host.host.review.review_context import ReviewContext
from jupyter_agent_host.host.review.undo_files import FileUndoer
from jupyter_agent_host.host.workspace.files.file_backups import Keeper
from jupyter_agent_host.protocol.review_api import ReviewDiff
from jupyter_agent_host.store.envelope.strip_notebook import METADATA_KEY
from jupyter_agent_host.store.journal.rows import CheckpointItemRow

_NO_TEXT = "This is no short text: it can be undone, but not shown."


async def cell_diff(context: ReviewContext, item: CheckpointItemRow) -> ReviewDiff:
    """One cell's."""
    before, after = read_cell(item.before), read_cell(item.after)
    old, new = (None if side is None else side.source for side in (before, after))
    try:
        snapshot = await context.document.read()
        now = snapshot.cell(item.key)
        since = diff(new, now.source if now is not None else None, name="The cell")
    except NotebookError as err:
        since = f"({err})"
    return ReviewDiff(
        kind="cell",
        key=item.key,
        diff=diff(old, new, name="The cell"),
        since=since,
        before=old,
        after=new,
        metadata=_metadata(before, after),
        outputs=_outputs(before, after),
    )


def file_diff(folder: Path, keeper: Keeper, item: CheckpointItemRow) -> ReviewDiff:
    """One file's. Blocking."""
    before, after = read_kept(item.before), read_file(item.after).written
    old, new, now = FileUndoer(folder, keeper, lambda: None).texts(item.key, before, after)
    unknown = (before is not None and old is None) or (after is not None and new is None)
    return ReviewDiff(
        kind="file",
        key=item.key,
        diff="" if unknown else diff(old, new, name="The file"),
        since="" if unknown or after is None else diff(new, now, name="The file"),
        before=old,
        after=new,
        problem=_NO_TEXT if unknown else "",
    )


async def waiting_diff(context: ReviewContext, item: CheckpointItemRow) -> ReviewDiff:
    """That of a file that waits inside, against the person's as it is now."""
    look = await (await context.workspace()).look(item.key)
    old = None if look.person is None else look.person.decode()
    new = None if look.inside is None else look.inside.decode()
    waiting = read_file(item.after).waiting
    gone = waiting is not None and waiting.stamp is None
    return ReviewDiff(
        kind="file",
        key=item.key,
        diff="" if look.too_big else diff(old, None if gone else new, name="The file"),
        before=old,
        after=None if gone else new,
        problem=_NO_TEXT if look.too_big else "",
    )


def _metadata(before: CellSide | None, after: CellSide | None) -> str:
    if before is None or after is None:
        return ""
    keys = sorted(before.metadata.keys() | after.metadata.keys())
    changed = [key for key in keys if key != METADATA_KEY and before.metadata.get(key) != after.metadata.get(key)]
    parts = [f"metadata {', '.join(changed)} changed"] if changed else []
    if before.type != after.type:
        parts.append(f"type {before.type} became {after.type}")
    if after.moved:
        parts.append(f"moved from place {before.position + 1} to {after.position + 1}")
    return "; ".join(parts)


def _outputs(before: CellSide | None, after: CellSide | None) -> str:
    old, new = (side.outputs_digest if side is not None else "" for side in (before, after))
    if old == new:
        return ""
    kept = before is None or before.outputs is not None
    return "outputs changed" if kept else "outputs changed; the old ones were too large to be kept"
