"""The verbs of a cell that waits for its agent."""

from __future__ import annotations

from jupyter_agent_host.errors import AuthenticationError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.protocol.host_api import Done
from jupyter_agent_host.protocol.kernel_work import KernelWork, KernelWorkDone, KernelWorkRequest


async def work(agent: NotebookAgent, ref: NotebookRef, request: KernelWorkRequest) -> KernelWork:
    """The next errand for the cell that asked for the running turn.

    Raises:
        AuthenticationError: no kernel asks.
    """
    _only_kernels(ref)
    if not agent.services.notebooks.available:
        return KernelWork(over=True)

    def is_over() -> bool:
        turns = [turn for turn in (agent.active, *agent.queue) if turn is not None]
        return not any(turn.turn_id == request.turn_id and not turn.ended.is_set() for turn in turns)

    return await agent.waiting.next(request.turn_id, ref.kernel_id, is_over)


async def work_done(agent: NotebookAgent, ref: NotebookRef, request: KernelWorkDone) -> Done:
    """An errand ended.

    Raises:
        AuthenticationError: no kernel says so.
    """
    _only_kernels(ref)
    return Done(ok=agent.waiting.done(request))


def _only_kernels(ref: NotebookRef) -> None:
    if not ref.kernel_id:
        raise AuthenticationError("Only the notebook's own kernel does errands.")
