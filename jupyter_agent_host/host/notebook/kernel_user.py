"""Whom code runs for in a notebook's kernel: the little that this folder asks of an agent."""

from __future__ import annotations

from typing import Protocol

from jupyter_agent_host.host.notebook.kernel_interface import NotebookKernel
from jupyter_agent_host.host.notebook.waiting_cell import WaitingCell
from jupyter_agent_host.host.turns.queued_turn import Turn


class KernelUser(Protocol):
    """An agent that runs code in its notebook's kernel."""

    @property
    def kernel(self) -> NotebookKernel:
        """The kernel of the notebook where it is now."""

    @property
    def active(self) -> Turn | None:
        """The turn that runs."""

    @property
    def waiting(self) -> WaitingCell:
        """The cell that waits for the running turn, if one does."""
