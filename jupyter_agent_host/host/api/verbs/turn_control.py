"""Verbs about the turn that runs: stop it, answer its questions, end its sandbox."""

from __future__ import annotations

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.protocol.host_api import AnswerRequest, CancelRequest, Done


async def interrupt(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> Done:
    stopped = await agent.interrupt()
    return Done(ok=stopped, message="Interrupted." if stopped else "Nothing was running.")


async def cancel(agent: NotebookAgent, _ref: NotebookRef, request: CancelRequest) -> Done:
    taken = await agent.cancel(request.turn_id)
    return Done(ok=taken, message="" if taken else "That prompt does not wait any more.")


async def stop(agent: NotebookAgent, _ref: NotebookRef, _request: object) -> Done:
    had = agent.live is not None
    await agent.stop()
    text = "The sandbox is gone; the conversation is kept." if had else "There was no sandbox."
    return Done(message=text, session_id=agent.row.session_id)


async def answer(agent: NotebookAgent, ref: NotebookRef, request: AnswerRequest) -> Done:
    settled = await agent.answer(request, ref.actor or "person")
    return Done(ok=settled, message="" if settled else "That question was settled before.")
