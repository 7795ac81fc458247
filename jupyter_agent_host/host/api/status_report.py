"""An agent as the doors show it."""

from __future__ import annotations

import time
from pathlib import Path

import anyio.to_thread

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.context_usage import context_window
from jupyter_agent_host.host.permissions.permission_modes import effective_mode
from jupyter_agent_host.host.sandboxes.sandbox_connection import LiveSandbox
from jupyter_agent_host.host.sandboxes.usage_sampler import UsageSample
from jupyter_agent_host.host.workspace.notebook_workspace import project_of
from jupyter_agent_host.protocol.host_api import NotebookInfo, TurnSummary
from jupyter_agent_host.store.journal.rows import TurnRow

_MOST_HIDDEN = 100
"""Hidden files that are named; a folder stands for all that is in it."""


async def notebook_info(agent: NotebookAgent) -> NotebookInfo:
    """Everything that a surface shows at the top. Waits for the journal alone, never for an engine."""
    row, live, journal = agent.row, agent.live, agent.services.journal
    usage = live.usage.look() if live is not None else UsageSample()
    stats, now = usage.stats, time.time()
    limits = agent.services.settings.limits
    isolation = live.sandbox.isolation if live is not None else None
    active = agent.active
    known = await journal.standing(row.notebook_id, row.session_id, since=active.started if active else None)
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
        turns=known.turns if agent.claim is None else len(agent.claim.history),
        queued=len(agent.queue),
        cost_usd=known.cost_usd,
        budget_usd=agent.scope.budget_usd,
        model=row.model or agent.services.settings.model or "",
        permission_mode=row.permission_mode or agent.services.settings.permission_mode,  # type: ignore[arg-type]
        notebook_mode=effective_mode(row.notebook_mode, agent.services.settings.review),
        scripted_model=bool(agent.services.settings.gateway.label),
        last_event=agent.feed.last_number,
        title=known.title,
        turn_cost_usd=known.turn_cost_usd,
        context_tokens=known.context_tokens,
        context_window=context_window(agent, known.context_tokens),
        sandbox_started=live.started if live is not None else None,
        measured=usage.time,
        measured_age_seconds=max(0.0, now - usage.time) if usage.time else None,
        cpu_seconds=stats.cpu_seconds,
        mem_limit_bytes=limits.mem_bytes,
        cpu_limit=limits.cpus,
        stripped=row.stripped,
        turn_moments=dict(agent.moments),
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
