"""What the host needs of a notebook's kernel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

OnOutput = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Gets one nbformat output as it comes."""


@dataclass(frozen=True)
class KernelStatus:
    """`name` is the kernelspec's, `language` as kernel_info says it ("" before it was asked)."""

    kernel_id: str
    name: str
    language: str
    state: Literal["none", "starting", "idle", "busy", "dead"]


@dataclass(frozen=True)
class Execution:
    """How one piece of code ended. `error` is the exception's name and value."""

    status: Literal["ok", "error", "aborted"]
    execution_count: int | None = None
    error: str = ""


class NotebookKernel(Protocol):
    """The one kernel of a notebook's session."""

    async def status(self) -> KernelStatus: ...

    async def execute(self, code: str, *, cell_id: str, on_output: OnOutput, store_history: bool) -> Execution:
        """Run code to its end; cancelling interrupts it.

        Raises:
            NotebookUnavailableError: there is no kernel, or it died meanwhile.
        """

    async def inspect(self, code: str) -> str:
        """Run inspection code beside whatever the kernel is doing; what it wrote to stdout.

        Raises:
            NotebookUnavailableError: there is no kernel, it is of another language, or it cannot look now.
        """

    async def interrupt(self) -> None: ...

    async def restart(self) -> None: ...
