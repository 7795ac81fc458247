"""An agent as the doors show it."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import anyio.to_thread

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.context_usage import last_known
from jupyter_agent_host.host.permissions.permission_modes import effective_mode
from jupyter_agent_host.host.sandboxes.sandbox_connection import LiveSandbox
from jupyter_agent_host.host.workspace.notebook_workspace import project_of
from jupyter_agent_host.protocol.host_api import NotebookInfo, TurnSummary
from jupyter_agent_host.sandbox.spec import SandboxStats
from jupyter_agent_host.store.journal.rows import TurnRow

_MOST_HIDDEN = 100
"""Hidden files that are named; a folder stands for all that is in it."""

logger = logging.getLogger(__name__)


async def notebook_info(agent: NotebookAgent) -> NotebookInfo:
    """Everything that a surface shows at the top."""
    row, live, journal = agent.row, agent.live, agent.services.journal
    stats = await _stats(live)
    limits = agent.services.settings.limits
    isolation = live.sandbox.isolation if live is not None else None
    session, context = await journal.session(row.session_id), await last_known(agent)
    turns = await journal.lineage(row.session_id)
    folder, place = await _shown(agent, live)
    return NotebookInfo(
        notebook_id=row.notebook_id,
        path=row.path,
        session_id=row.session_id,
        state=agent.life.state,
        provider=live.sandbox.provider if live is not None else "",
        isolation=isolation.phrase if isolation else "",
        isolation_level=isolation.level if isolation else "",
        isolation_notes=isolation.notes if isolation else (),
        workspace_mode=live.workspace.mode if live is not None else agent.services.settings.workspace.mode,
        workspace_note=live.workspace.note if live is not None else "",
        workspace_folder=str(folder or ""),
        workspace_place=place,
        workspace_restricted=live is not None and live.workspace.restricted,
        trust=agent.trust,
        trust_reason=agent.trust_reason,
        turns=len(turns) if agent.claim is None else len(agent.claim.history),
        queued=len(agent.queue),
        cost_usd=(await journal.ledger(row.notebook_id)).cost_usd,
        budget_usd=agent.scope.budget_usd,
        model=row.model or agent.services.settings.model or "",
        permission_mode=row.permission_mode or agent.services.settings.permission_mode,  # type: ignore[arg-type]
        notebook_mode=effective_mode(row.notebook_mode, agent.services.settings.review),
        scripted_model=bool(agent.services.settings.gateway.label),
        last_event=agent.feed.last_number,
        title=session.title if session is not None else "",
        turn_cost_usd=await _turn_cost(agent, turns),
        context_tokens=context.tokens,
        context_window=context.window,
        sandbox_started=live.started if live is not None else None,
        measured=time.time(),
        cpu_seconds=stats.cpu_seconds,
        mem_limit_bytes=limits.mem_bytes,
        cpu_limit=limits.cpus,
        stripped=row.stripped,
        mem_bytes=stats.mem_bytes,
        pids=stats.pids,
        pending_permissions=agent.questions.open,
        refused_files=agent.kept_inside,
        hidden_files=live.workspace.masked[:_MOST_HIDDEN] if live is not None else (),
    )


async def _shown(agent: NotebookAgent, live: LiveSandbox | None) -> tuple[Path | None, str]:
    """The folder that the agent sees, or would see, and where in it commands start."""
    if live is not None:
        return live.workspace.folder, live.workspace.workdir
    project = await anyio.to_thread.run_sync(project_of, agent.row, agent.services.settings)
    return project.folder, project.place


async def _turn_cost(agent: NotebookAgent, turns: list[TurnRow]) -> float:
    active = agent.active
    if active is not None:
        return (await agent.services.journal.ledger(agent.row.notebook_id, since=active.started)).cost_usd
    return turns[-1].cost_usd if turns else 0.0


async def _stats(live: LiveSandbox | None) -> SandboxStats:
    try:
        return await live.sandbox.stats() if live is not None else SandboxStats()
    except (AgentHostError, OSError) as err:  # an engine that went away is no reason to show nothing at all
        logger.info("no figures of a sandbox: %s", err)
        return SandboxStats()


def turn_summary(row: TurnRow) -> TurnSummary:
    """A journal row as the doors show it."""
    return TurnSummary(
        turn_id=row.turn_id,
        session_id=row.session_id,
        prompt=row.prompt,
        text=row.text,
        status=row.status,
        started=row.started,
        duration_ms=row.duration_ms,
        cost_usd=row.cost_usd,
        usage=row.usage,
        cell_id=row.cell_id,
        model=row.model,
    )
