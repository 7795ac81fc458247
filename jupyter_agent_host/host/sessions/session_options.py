"""What the host decides for the SDK client that serves a turn."""

from __future__ import annotations

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.network.session_environment import describe, reach
from jupyter_agent_host.host.turns.system_prompt import system_prompt
from jupyter_agent_host.protocol.control import SessionOptions
from jupyter_agent_host.protocol.host_api import PromptRequest

_LEAST_USD = 0.01


async def session_options(agent: NotebookAgent, request: PromptRequest) -> SessionOptions:
    """The prompt's own wishes first, then the notebook's choices, then the server's settings."""
    settings, row = agent.services.settings, agent.row
    remaining = None
    if agent.scope.budget_usd is not None:
        spent = (await agent.services.journal.ledger(row.notebook_id)).cost_usd
        remaining = max(_LEAST_USD, agent.scope.budget_usd - spent)
    return SessionOptions(
        model=request.model or row.model or settings.model,
        permission_mode=request.permission_mode or row.permission_mode or settings.permission_mode,  # type: ignore[arg-type]
        max_turns=request.max_turns or settings.max_turns,
        max_budget_usd=remaining,
        system_prompt=system_prompt(agent.tools.definitions) + describe(agent.network, settings),
        **reach(agent.network, settings),
        host_tools=agent.tools.definitions,
    )
