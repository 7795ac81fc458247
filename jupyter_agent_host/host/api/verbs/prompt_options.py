"""Verbs that set what holds from the next prompt on."""

from __future__ import annotations

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.agents.collect_changes import collect
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.protocol.host_api import Done, GrantRequest, ModelRequest, ModeRequest


async def grant(agent: NotebookAgent, _ref: NotebookRef, request: GrantRequest) -> Done:
    await agent.grant(request.target)
    events, _ = await collect(agent)
    if events:
        await agent.emit(agent.active.turn_id if agent.active else "", *events)
    return Done(message=f"The agent's changes to {request.target} may reach the notebook's folder.")


async def model(agent: NotebookAgent, _ref: NotebookRef, request: ModelRequest) -> Done:
    await agent.state.update(model=request.model or "")
    return Done(message=f"From the next prompt on: {request.model or 'the default model'}.")


async def mode(agent: NotebookAgent, _ref: NotebookRef, request: ModeRequest) -> Done:
    await agent.state.update(permission_mode=request.mode)
    return Done(message=f"From the next prompt on, permission mode {request.mode}.")
