"""What the host needs of a notebook's kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from jupyter_agent_host.host.notebook.waiting_cell import WaitingCell

OnOutput = Callable[[Mapping[str, Any]], None]
"""Hears each output message as it comes: its `msg_type` and `content`, as the messaging protocol has them."""

Place = Literal["main", "beside"]
"""`main` is the kernel's own queue, where cells run; `beside` is a subshell, which runs while a cell does."""


@dataclass(frozen=True)
class KernelStatus:
    """A kernel as it is now.

    Attributes:
        name: the kernelspec's.
        language: as kernel_info says it; "" before it was asked.
        running: the first lines of the code that runs, if it is known.
        running_seconds: how long it has been running.
        beside: whether code can run beside a cell.
        variables: whether variables can be looked at.
    """

    kernel_id: str = ""
    name: str = ""
    language: str = ""
    state: Literal["none", "starting", "idle", "busy", "dead"] = "none"
    running: str = ""
    running_seconds: float = 0.0
    beside: bool = False
    variables: bool = False


@dataclass(frozen=True)
class Execution:
    """How one piece of code ended. `error` is the exception's name and value."""

    status: Literal["ok", "error", "aborted"]
    execution_count: int | None = None
    error: str = ""


@dataclass(frozen=True)
class RunRequest:
    """Code to be run.

    Attributes:
        cell_id: the cell that it is the source of; "" for none.
        store_history: whether it counts as a cell: a number, an entry in the history.
        through: the waiting cell that holds the main queue and runs code for us; None when the queue is to be used.
        deadline_seconds: for `beside` alone, where no interrupt reaches: it is told to stop then.
    """

    code: str
    place: Place = "main"
    cell_id: str = ""
    store_history: bool = False
    through: WaitingCell | None = None
    deadline_seconds: float = 60.0


@dataclass(frozen=True)
class Interrupted:
    """What an interrupt did. `left` names what goes on although it was told to stop."""

    stopped: bool
    left: tuple[str, ...] = field(default=())


class NotebookKernel(Protocol):
    """The one kernel of a notebook's session."""

    async def status(self) -> KernelStatus:
        """As it is now. Starts nothing, waits for nothing that runs."""

    async def start(self) -> KernelStatus:
        """Start the notebook's kernel if it has none.

        Raises:
            NotebookUnavailableError: it does not start.
        """

    async def execute(self, request: RunRequest, on_output: OnOutput) -> Execution:
        """Run code to its end, after what the kernel is doing already. Cancelling interrupts it, and returns soon.

        Raises:
            NotebookUnavailableError: there is no kernel, or it died or was restarted meanwhile.
        """

    async def look(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask `kernel_inspector` in the kernel, beside whatever it does.

        Raises:
            NotebookUnavailableError: there is no kernel, it is of another language, or it cannot be looked into now.
        """

    async def interrupt(self) -> Interrupted:
        """Interrupt what runs, and tell code beside it to stop.

        Raises:
            NotebookUnavailableError: there is no kernel.
        """

    async def restart(self) -> None:
        """Restart it: every variable is lost.

        Raises:
            NotebookUnavailableError: there is no kernel, or it does not come back.
        """
