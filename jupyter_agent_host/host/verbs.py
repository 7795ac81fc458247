"""The verbs of the host API, each for one agent. They translate; the work is the agent's and the journal's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

from jupyter_agent_host.errors import PromptTooLargeError
from jupyter_agent_host.host import sessions
from jupyter_agent_host.host.agent import NotebookAgent
from jupyter_agent_host.host.collect import collect
from jupyter_agent_host.host.prompt import SYSTEM_PROMPT
from jupyter_agent_host.host.ref import NotebookRef
from jupyter_agent_host.host.report import notebook_info, turn_summary
from jupyter_agent_host.host.turn import Turn
from jupyter_agent_host.protocol.control import SessionOptions
from jupyter_agent_host.protocol.host_api import (
    Answer,
    AnswerRequest,
    Cost,
    Done,
    GrantRequest,
    History,
    ModelRequest,
    ModeRequest,
    NotebookInfo,
    PromptAccepted,
    PromptRequest,
    TrustRequest,
)
from jupyter_agent_host.protocol.limits import MAX_PROMPT_BYTES
from jupyter_agent_host.store.digests import prompt_digest
from jupyter_agent_host.store.rows import TurnRow

Verb = Callable[[NotebookAgent, NotebookRef, Any], Awaitable[Answer]]


async def prompt(agent: NotebookAgent, ref: NotebookRef, request: PromptRequest) -> PromptAccepted:
    """Accept one turn, or find the earlier answer that `once` asks for.

    Raises:
        PromptTooLargeError, EnvelopeUntrustedError, DivergedSessionError.
    """
    size_bytes = len(request.prompt.encode("utf-8", "surrogatepass"))
    if size_bytes > MAX_PROMPT_BYTES:
        raise PromptTooLargeError(
            f"The prompt is {size_bytes} bytes long; at most {MAX_PROMPT_BYTES} work. Put the text into a file beside"
            " the notebook and let the agent read it."
        )
    agent.guard_trust()
    async with agent.accepting:
        if request.once and not (request.new or request.fork):
            found = await _answered(agent, request)
            if found is not None:
                return _accepted(agent, found.session_id, found.turn_id, found.first_event - 1, answered=True)
        if request.new or request.fork:
            await sessions.begin(agent, how="forked" if request.fork else "new")
        turn = await _turn(agent, ref, request)
        after = await agent.submit(turn)
    return _accepted(agent, turn.session_id, turn.turn_id, after)


async def interrupt(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> Done:
    stopped = await agent.interrupt()
    return Done(ok=stopped, message="Interrupted." if stopped else "Nothing was running.")


async def stop(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> Done:
    had = agent.live is not None
    await agent.stop()
    text = "The sandbox is gone; the conversation is kept." if had else "There was no sandbox."
    return Done(message=text, session_id=agent.row.session_id)


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


async def status(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> NotebookInfo:
    return await notebook_info(agent)


async def history(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> History:
    """The turns of the present session and of those it was forked from; for foreign state, what the notebook says."""
    if agent.claim is not None:
        turns = agent.claim.history
    else:
        rows = await agent.services.journal.lineage(agent.row.session_id)
        turns = tuple(turn_summary(row) for row in rows)
    return History(
        notebook_id=agent.row.notebook_id, session_id=agent.row.session_id, trust=agent.trust, turns=tuple(turns)
    )


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


async def trust(agent: NotebookAgent, _ref: NotebookRef, request: TrustRequest) -> Done:
    return Done(message=await sessions.decide(agent, request.choice), session_id=agent.row.session_id)


async def grant(agent: NotebookAgent, _ref: NotebookRef, request: GrantRequest) -> Done:
    agent.grant(request.target)
    await agent.services.journal.put_notebook(agent.row)
    events, _ = await collect(agent)
    if events:
        await agent.emit(agent.active.turn_id if agent.active else "", *events)
    return Done(message=f"The agent's changes to {request.target} may reach the notebook's folder.")


async def model(agent: NotebookAgent, _ref: NotebookRef, request: ModelRequest) -> Done:
    agent.row = replace(agent.row, model=request.model or "")
    await agent.services.journal.put_notebook(agent.row)
    return Done(message=f"From the next prompt on: {request.model or 'the default model'}.")


async def mode(agent: NotebookAgent, _ref: NotebookRef, request: ModeRequest) -> Done:
    agent.row = replace(agent.row, permission_mode=request.mode)
    await agent.services.journal.put_notebook(agent.row)
    return Done(message=f"From the next prompt on, permission mode {request.mode}.")


async def answer(agent: NotebookAgent, ref: NotebookRef, request: AnswerRequest) -> Done:
    settled = await agent.answer(request, ref.actor or "person")
    return Done(ok=settled, message="" if settled else "That question was settled before.")


VERBS: dict[str, Verb] = {
    "open": status,
    "prompt": prompt,
    "interrupt": interrupt,
    "stop": stop,
    "reset": reset,
    "fork": fork,
    "status": status,
    "history": history,
    "cost": cost,
    "trust": trust,
    "grant": grant,
    "model": model,
    "mode": mode,
    "answer": answer,
}


def _accepted(
    agent: NotebookAgent, session_id: str, turn_id: str, after: int, *, answered: bool = False
) -> PromptAccepted:
    return PromptAccepted(
        notebook_id=agent.row.notebook_id,
        session_id=session_id,
        turn_id=turn_id,
        after=max(0, after),
        answered=answered,
    )


async def _turn(agent: NotebookAgent, ref: NotebookRef, request: PromptRequest) -> Turn:
    settings, row = agent.services.settings, agent.row
    remaining = None
    if agent.scope.budget_usd is not None:
        spent = (await agent.services.journal.ledger(row.notebook_id)).cost_usd
        remaining = max(0.01, agent.scope.budget_usd - spent)
    options = SessionOptions(
        model=request.model or row.model or settings.model,
        permission_mode=request.permission_mode or row.permission_mode or settings.permission_mode,  # type: ignore[arg-type]
        max_turns=request.max_turns or settings.max_turns,
        max_budget_usd=remaining,
        system_prompt=SYSTEM_PROMPT,
    )
    return Turn(
        request=request,
        session_id=row.session_id,
        options=options,
        source=await sessions.fork_source(agent),
        actor=ref.actor,
        turn_id=uuid4().hex,
    )


async def _answered(agent: NotebookAgent, request: PromptRequest) -> TurnRow | None:
    rows = await agent.services.journal.lineage(agent.row.session_id)
    digest = prompt_digest(request.prompt)
    for row in reversed(rows):
        same = (row.cell_id, row.prompt_digest, row.status) == (request.cell_id, digest, "completed")
        if same and request.previous_turn_id in ("", row.previous_turn_id):
            return row
    return None
