"""Verbs about what the agent may do in the notebook without being asked."""

from __future__ import annotations

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.permissions.permission_modes import allowed_modes, check_mode, effective_mode
from jupyter_agent_host.protocol.host_api import Done
from jupyter_agent_host.protocol.review_api import (
    GrantList,
    NotebookModeInfo,
    NotebookModeRequest,
    PermissionGrant,
    RevokeRequest,
)
from jupyter_agent_host.store.journal.checkpoint_store import Decisions

_SENTENCES = {
    "ask": "The agent asks before each edit of a cell and each run.",
    "ask_risky": "The agent asks before what the rules find risky, and edits and runs the rest by itself.",
    "auto": "The agent edits and runs by itself; restarts and cells tagged agent-ask are still asked about.",
}


async def notebook_mode(agent: NotebookAgent, _ref: NotebookRef, request: NotebookModeRequest) -> NotebookModeInfo:
    """Tell or set the mode; it holds at once, also for the turn that runs.

    Raises:
        ConfigError: the administrator does not allow it.
    """
    settings = agent.services.settings.review
    if request.mode is not None:
        check_mode(request.mode, settings)
        await agent.state.update(notebook_mode=request.mode)
    mode = effective_mode(agent.row.notebook_mode, settings)
    return NotebookModeInfo(mode=mode, allowed=allowed_modes(settings), message=_SENTENCES[mode])


async def grants(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> GrantList:
    rows = await Decisions(agent.services.journal).grants(agent.row.notebook_id)
    tools = tuple(PermissionGrant(tool=row.tool, risk=row.risk, time=row.time, actor=row.actor) for row in rows)
    return GrantList(tools=tools, files=agent.row.grants)


async def revoke(agent: NotebookAgent, _ref: NotebookRef, request: RevokeRequest) -> Done:
    """Take grants back; without any name all of them."""
    store = Decisions(agent.services.journal)
    count = await store.revoke_grants(agent.row.notebook_id, request.target, request.risk)
    gone = [pattern for pattern in agent.row.grants if request.target in ("", pattern) and request.risk is None]
    if gone:
        await agent.revoke_files(gone)
    count += len(gone)
    return Done(ok=count > 0, message=f"{count} taken back." if count else "There was no such grant.")
