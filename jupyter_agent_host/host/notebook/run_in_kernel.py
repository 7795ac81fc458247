"""How code of an agent gets to run: in the kernel's queue, beside it, or by the cell that waits for this very agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from jupyter_agent_host.errors import NotebookUnavailableError
from jupyter_agent_host.host.notebook.kernel_interface import Execution, NotebookKernel, OnOutput, RunRequest
from jupyter_agent_host.host.notebook.waiting_cell import WaitingCell
from jupyter_agent_host.host.turns.queued_turn import QueuedTurn


class KernelUser(Protocol):
    """An agent that runs code in its notebook's kernel."""

    @property
    def kernel(self) -> NotebookKernel:
        """The kernel of the notebook where it is now."""

    @property
    def active(self) -> QueuedTurn | None:
        """The turn that runs."""

    @property
    def waiting(self) -> WaitingCell:
        """The cell that waits for the running turn, if one does."""


_FROM_CELLS = ("cell", "kernel")
NO_KERNEL = "The notebook has no running kernel. Running code or a cell starts it."


async def waiting_cell(agent: KernelUser) -> WaitingCell | None:
    """The cell that asked for the running turn and holds the kernel's queue until it ends; None when none does."""
    turn = agent.active
    if turn is None or turn.ended.is_set() or turn.request.origin not in _FROM_CELLS:
        return None
    return agent.waiting if await agent.waiting.attached(turn.turn_id) else None


async def run(agent: KernelUser, request: RunRequest, on_output: OnOutput) -> Execution:
    """Run code for the agent.

    Raises:
        NotebookUnavailableError: there is no kernel, or it went away.
    """
    kernel = agent.kernel
    await kernel.start()
    cell = await waiting_cell(agent) if request.place == "main" else None
    return await kernel.execute(replace(request, through=cell), on_output)


async def look(agent: KernelUser, request: Mapping[str, Any]) -> dict[str, Any]:
    """Look into the kernel for the agent.

    Raises:
        NotebookUnavailableError: see `NotebookKernel.look`.
    """
    kernel = agent.kernel
    status = await kernel.status()
    if status.state == "none":
        raise NotebookUnavailableError(NO_KERNEL)
    cell = None if status.beside else await waiting_cell(agent)
    if cell is not None and status.variables:
        done = await cell.carry_out("look", request=dict(request))
        return dict(done.result) if isinstance(done.result, Mapping) else {"error": done.error or "No answer."}
    return await kernel.look(request)
