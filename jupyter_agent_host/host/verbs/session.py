"""Verbs that change which conversation goes on."""

from __future__ import annotations

from jupyter_agent_host.host import sessions
from jupyter_agent_host.host.agent import NotebookAgent
from jupyter_agent_host.host.ref import NotebookRef
from jupyter_agent_host.protocol.host_api import Done, TrustRequest


async def reset(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> Done:
    await agent.interrupt()
    async with agent.accepting:
        await sessions.begin(agent, how="new")
    return Done(message="A fresh conversation begins with the next prompt.", session_id=agent.row.session_id)


async def fork(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> Done:
    agent.guard_trust()
    async with agent.accepting:
        await sessions.begin(agent, how="forked")
    return Done(message="The next prompt goes on in a copy of this conversation.", session_id=agent.row.session_id)


async def trust(agent: NotebookAgent, _ref: NotebookRef, request: TrustRequest) -> Done:
    return Done(message=await sessions.decide(agent, request.choice), session_id=agent.row.session_id)
