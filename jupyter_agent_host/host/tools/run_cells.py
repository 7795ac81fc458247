"""The tool that runs cells: their outputs go where the cells are, and the model gets them as well."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import anyio

from jupyter_agent_host.errors import (
    AgentHostError,
    CellBusyError,
    NotebookError,
    NotebookUnavailableError,
    ToolArgumentError,
)
from jupyter_agent_host.host.notebook import run_in_kernel
from jupyter_agent_host.host.notebook.cell_outputs import Gathered
from jupyter_agent_host.host.notebook.cells import Cell, CellEdit, SetCellMetadata, SetOutputs, Snapshot
from jupyter_agent_host.host.notebook.checked_cell_edits import changed_error
from jupyter_agent_host.host.notebook.kernel_interface import Execution, RunRequest
from jupyter_agent_host.host.notebook.kernel_jobs import Job
from jupyter_agent_host.host.tools.cell_text import provenance
from jupyter_agent_host.host.tools.job_tools import run_as_job
from jupyter_agent_host.host.tools.tool import Change, Tool, ToolAnswer, ToolContext, text_answer
from jupyter_agent_host.host.tools.tool_arguments import PROMPTS, Arguments, NamedCells, Wait, find_cell

logger = logging.getLogger(__name__)

_SHOW_SECONDS = 2.0
_SHOW_BYTES = 100_000
_TRY_AGAIN_SECONDS = (0.2, 1.0, 3.0)
_AGENT_KERNEL = "agent-claude"
"""The kernelspec in whose notebooks a cell is a prompt, unless it begins with a magic."""


class RunCells(Arguments, frozen=True):
    """Code cells as they were read, in the order in which they are to run."""

    cells: NamedCells
    wait_seconds: Wait = 60


async def run_cells(context: ToolContext, arguments: RunCells) -> Change:
    """The cells and their code, as one job.

    Raises:
        NotebookError: a cell is not there, changed, is being typed in, or cannot be run by an agent.
    """
    context.agent.jobs.refuse_repeated(context.request_id)
    seen = await context.document.read([named.cell_id for named in arguments.cells])
    cells = [find_cell(seen, named.cell_id) for named in arguments.cells]
    for cell, named in zip(cells, arguments.cells, strict=True):
        _check(context, cell, named.revision, asks=_asks_agent(seen, cell.source.lstrip()))
    status = await context.kernel.status()
    full = [_CellRun(context, cell, seen) for cell in cells if cell.source.strip()]
    names = ", ".join(cell.id for cell in cells)

    async def carry_out() -> ToolAnswer:
        if not full:
            return text_answer("These cells are empty; nothing was run.")
        ids = [run.cell.id for run in full]
        return await run_as_job(context, f"run {', '.join(ids)}", _in_turn(full), arguments.wait_seconds, cell_ids=ids)

    return Change(
        title=f"Run {'cell' if len(cells) == 1 else 'cells'} {names}",
        effect="run",
        carry_out=carry_out,
        code="\n\n".join(cell.source for cell in cells),
        language=status.language or "python",
        seen=seen,
        edits=tuple(edit for run in full for edit in run.edits()),
    )


def _in_turn(runs: Sequence[_CellRun]) -> Any:
    async def work(job: Job) -> Execution:
        last = Execution("ok")
        for at, run in enumerate(runs):
            last = await run.run(job, runs[:at])
            if last.status != "ok":
                job.note = f"Cell {run.cell.id} did not end well; cells after it were not run."
                break
        return last

    return work


class _CellRun:
    """One cell's run: its outputs are shown in it while they come and when it is done."""

    def __init__(self, context: ToolContext, cell: Cell, seen: Snapshot) -> None:
        self.cell = cell
        self._context = context
        self._seen = seen
        self._mark = provenance(context, "ran")
        self.gathered = Gathered()
        self._count: int | None = None

    def edits(self) -> list[CellEdit]:
        """What the cell is to show now."""
        outputs = SetOutputs(self.cell.id, self.gathered.shown, self._count)
        return [outputs, SetCellMetadata(self.cell.id, self._mark)]

    async def run(self, job: Job, earlier: Sequence[_CellRun]) -> Execution:
        """Run it; what it updates of the displays of `earlier` cells is shown there."""

        def take(message: Any) -> None:
            for run in earlier:
                if run.gathered.is_changed_by(message):
                    run.gathered.take(message)
                    updated.add(run)
            self.gathered.take(message)
            job.gathered.take(message)

        updated: set[_CellRun] = set()
        await self._show(first=True)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._show_as_they_come)
            try:
                request = RunRequest(code=self.cell.source, cell_id=self.cell.id, store_history=True)
                execution = await run_in_kernel.run(self._context.agent, request, take)
            except AgentHostError as err:  # said as it is: the group would wrap it
                execution = Execution("aborted", error=str(err))
            except BaseException:
                with anyio.CancelScope(shield=True), anyio.move_on_after(_SHOW_SECONDS):
                    await self.end(job)
                raise
            finally:
                tasks.cancel_scope.cancel()
        self._count = execution.execution_count
        for run in (*updated, self):
            await run.end(job)
        return execution

    async def end(self, job: Job) -> None:
        """The last outputs, also for the review: the turn that began this may be over."""
        for pause in _TRY_AGAIN_SECONDS:
            problem = await self._show()
            if not isinstance(problem, NotebookUnavailableError):
                break
            await anyio.sleep(pause)
        if problem is not None:
            job.note = f"The last outputs are not in cell {self.cell.id}: {problem}"
        await self._context.agent.note_cells(self._context.turn_id, self._seen, self.edits())

    async def _show_as_they_come(self) -> None:
        """Now and then while the outputs are small: a shared document keeps every state that it was ever in."""
        shown = self.gathered.changes
        while True:
            await anyio.sleep(_SHOW_SECONDS)
            now = self.gathered.changes
            if now != shown and self.gathered.size_bytes < _SHOW_BYTES and await self._show() is None:
                shown = now

    async def _show(self, *, first: bool = False) -> NotebookError | None:
        """Put the outputs into the cell. What is in the way is no reason to end the run: it is given back.

        The person may have deleted the cell, or closed a page in this moment.
        """
        edits = self.edits() if first else self.edits()[:1]
        try:
            await self._context.document.edit(edits, seen=self._seen)
        except NotebookError as err:
            logger.info("outputs are not in cell %s yet: %s", self.cell.id, err)
            return err
        return None


def _asks_agent(snapshot: Snapshot, source: str) -> bool:
    kernel = snapshot.metadata.get("kernelspec")
    is_prompt = isinstance(kernel, Mapping) and kernel.get("name") == _AGENT_KERNEL and not source.startswith("%")
    return source.startswith(PROMPTS) or (is_prompt and bool(source))


def _check(context: ToolContext, cell: Cell, revision: str, *, asks: bool) -> None:
    """Refuse what makes no sense to run.

    Raises:
        NotebookError: it changed, is typed in, is no code, or would wait for this very turn.
    """
    turn = context.agent.active
    if cell.revision != revision:
        raise changed_error(cell)
    if cell.typing:
        raise CellBusyError(f"The person is typing in cell {cell.id}; it is not run now.")
    if cell.type != "code":
        raise ToolArgumentError(f"Cell {cell.id} is {cell.type}; only code cells run.")
    is_asking = turn is not None and cell.id == turn.request.cell_id
    if is_asking or asks:
        raise ToolArgumentError(f"Cell {cell.id} asks an agent, and would wait for the turn that runs it.")


CELL_RUNNING_TOOLS = (
    Tool(
        "run_cells",
        "Run code cells, one after another, until one fails; their outputs appear in the notebook and you get them as "
        "well (plots as images). Name each cell with the revision that you read. What takes longer than wait_seconds "
        "goes on as a job.",
        RunCells,
        run_cells,
    ),
)
