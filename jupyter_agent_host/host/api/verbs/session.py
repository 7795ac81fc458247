"""Verbs that change which conversation goes on."""

from __future__ import annotations

from dataclasses import replace

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.sessions import session_selection
from jupyter_agent_host.protocol.host_api import (
    Done,
    ForkRequest,
    RenameRequest,
    ResumeRequest,
    SessionList,
    SessionSummary,
    TrustRequest,
)

_MAX_TITLE = 200
_MAX_SHOWN_PROMPT = 200


async def reset(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> Done:
    await agent.interrupt()
    async with agent.accepting:
        await session_selection.begin(agent, how="new")
    return Done(message="A fresh conversation begins with the next prompt.", session_id=agent.row.session_id)


async def fork(agent: NotebookAgent, _ref: NotebookRef, request: ForkRequest) -> Done:
    agent.guard_trust()
    async with agent.accepting:
        if request.turn_id:
            await session_selection.fork_after(agent, request.turn_id)
            text = "The next prompt goes on in a copy of the conversation as it was after that turn."
        else:
            await session_selection.begin(agent, how="forked")
            text = "The next prompt goes on in a copy of this conversation."
    return Done(message=text, session_id=agent.row.session_id)


async def resume(agent: NotebookAgent, _ref: NotebookRef, request: ResumeRequest) -> Done:
    agent.guard_trust()
    async with agent.accepting:
        changed = await session_selection.resume(agent, request.session_id)
    if changed:
        await agent.publish(agent)
    text = "The next prompt goes on with that conversation." if changed else "That conversation is the present one."
    return Done(message=text, session_id=agent.row.session_id)


async def rename(agent: NotebookAgent, _ref: NotebookRef, request: RenameRequest) -> Done:
    """Raises `UnknownSessionError`. Line breaks and control characters of a title become spaces."""
    session_id = request.session_id or agent.row.session_id
    row = await session_selection.own_session(agent, session_id)
    title = one_line(request.title, _MAX_TITLE)
    await agent.services.journal.put_session(replace(row, title=title))
    return Done(
        message=f"The session is called {title}." if title else "The session has no title.", session_id=session_id
    )


async def list_sessions(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> SessionList:
    found = await agent.services.journal.session_overviews(agent.row.notebook_id, keep=agent.row.session_id)
    return SessionList(
        notebook_id=agent.row.notebook_id,
        sessions=tuple(
            SessionSummary(
                session_id=each.session.session_id,
                title=each.session.title,
                first_prompt=one_line(each.first_prompt, _MAX_SHOWN_PROMPT),
                turns=each.turns,
                cost_usd=each.cost_usd,
                created=each.session.created,
                last_used=each.last_used,
                parent_session_id=each.session.parent_session_id,
                current=each.session.session_id == agent.row.session_id,
            )
            for each in found
        ),
    )


async def trust(agent: NotebookAgent, _ref: NotebookRef, request: TrustRequest) -> Done:
    return Done(message=await session_selection.decide(agent, request.choice), session_id=agent.row.session_id)


async def strip(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> Done:
    """Take the session out of the notebook's file, and keep it out until the next turn. Idempotent."""
    await agent.state.update(stripped=True)
    await agent.publish(agent)
    text = "The notebook's file will hold no session until the next turn. This server keeps the conversation."
    return Done(message=text, session_id=agent.row.session_id)


def one_line(text: str, limit: int) -> str:
    """The text on one line, without what cannot be seen, at most `limit` characters long."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text[: limit * 4]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
