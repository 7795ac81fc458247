"""Verbs that only look: what an agent is, what was said, what it cost."""

from __future__ import annotations

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.context_usage import context_use
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.api.status_report import notebook_info, turn_summary
from jupyter_agent_host.host.api.verbs.model_list import offered
from jupyter_agent_host.host.sessions import session_selection
from jupyter_agent_host.protocol.host_api import ContextUse, Cost, History, HistoryRequest, ModelList, NotebookInfo


async def status(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> NotebookInfo:
    return await notebook_info(agent)


async def history(agent: NotebookAgent, _ref: NotebookRef, request: HistoryRequest) -> History:
    """The turns of a session and of those it was forked from; for foreign state, what the notebook says.

    Raises:
        UnknownSessionError: this notebook has no such session.
    """
    session_id = request.session_id or agent.row.session_id
    if agent.claim is not None and session_id == agent.row.session_id:
        turns = agent.claim.history
    else:
        await session_selection.own_session(agent, session_id)
        turns = tuple(turn_summary(row) for row in await agent.services.journal.lineage(session_id))
    return History(notebook_id=agent.row.notebook_id, session_id=session_id, trust=agent.trust, turns=tuple(turns))


async def cost(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> Cost:
    total = await agent.services.journal.ledger(agent.row.notebook_id)
    return Cost(
        notebook_id=agent.row.notebook_id,
        cost_usd=total.cost_usd,
        budget_usd=agent.scope.budget_usd,
        usage=total.usage,
        requests=total.requests,
        refused_requests=total.refused,
    )


async def context(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> ContextUse:
    return await context_use(agent)


async def models(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> ModelList:
    settings = agent.services.settings
    used = await agent.services.journal.models_used(agent.row.notebook_id)
    return ModelList(
        current=agent.row.model,
        default=settings.model or "",
        models=offered(settings, used),
        allowed=settings.gateway.allowed_models,
    )
