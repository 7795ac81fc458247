"""Verbs about what turns changed."""

from __future__ import annotations

import anyio.to_thread

from jupyter_agent_host.errors import ReviewError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.review.checkpoint_summary import turn_of
from jupyter_agent_host.host.review.item_diffs import cell_diff, file_diff, waiting_diff
from jupyter_agent_host.protocol.review_api import (
    Decided,
    DecideRequest,
    DiffRequest,
    ReviewDiff,
    ReviewList,
    ReviewRequest,
)

_MAX_TURNS = 100
_BIND = (
    "The agent writes your folder directly here (workspace mode bind): what it does to files is told, but cannot be"
    " undone."
)


async def review(agent: NotebookAgent, _ref: NotebookRef, request: ReviewRequest) -> ReviewList:
    rows = await agent.review.checkpoints.all()
    chosen = [row for row in rows if row.turn_id == request.turn_id] if request.turn_id else rows
    newest = chosen[::-1][: max(1, min(request.limit, _MAX_TURNS))]
    live = agent.live
    mode = live.workspace.mode if live is not None else agent.services.settings.workspace.mode
    return ReviewList(
        notebook_id=agent.row.notebook_id,
        turns=tuple(turn_of(row) for row in newest),
        note=_BIND if mode == "bind" else "",
    )


async def review_diff(agent: NotebookAgent, _ref: NotebookRef, request: DiffRequest) -> ReviewDiff:
    """One item's diff.

    Raises:
        ReviewError: that turn did not change it, or its contents are gone.
    """
    rows = await agent.review.checkpoints.all()
    found = [
        (row, item)
        for row in rows
        for item in row.items
        if item.key == request.key and request.turn_id in ("", row.turn_id) and request.kind in ("", item.kind)
    ]
    if not found:
        raise ReviewError("No turn that is known here changed this.")
    row, item = found[-1]
    if row.dropped:
        raise ReviewError(f"What this turn changed is not kept any more: {row.dropped}.")
    if item.kind == "cell":
        return await cell_diff(agent, item)
    if item.state == "waiting":
        return await waiting_diff(agent, item)
    return await anyio.to_thread.run_sync(file_diff, await agent.shown_folder(), agent.review.keeper, item)


async def accept(agent: NotebookAgent, _ref: NotebookRef, request: DecideRequest) -> Decided:
    return await agent.review.accept(request.turn_id, request.items, request.choice)


async def reject(agent: NotebookAgent, _ref: NotebookRef, request: DecideRequest) -> Decided:
    return await agent.review.reject(request.turn_id, request.items, request.choice)


async def undo(agent: NotebookAgent, _ref: NotebookRef, request: DecideRequest) -> Decided:
    return await agent.review.undo(request.turn_id, request.items, request.choice)
