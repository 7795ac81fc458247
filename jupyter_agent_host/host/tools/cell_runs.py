"""The tool that runs cells: their outputs go where the cells are, and the model gets them as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import anyio
import msgspec

from jupyter_agent_host.errors import CellBusyError, NotebookError, ToolArgumentError
from jupyter_agent_host.host.notebook import running
from jupyter_agent_host.host.notebook.apply import changed_error
from jupyter_agent_host.host.notebook.cells import Cell, SetOutputs, Snapshot
from jupyter_agent_host.host.notebook.interface import NotebookDocument
from jupyter_agent_host.host.notebook.jobs import Job
from jupyter_agent_host.host.notebook.kernel import Execution, RunRequest
from jupyter_agent_host.host.notebook.outputs import Gathered
from jupyter_agent_host.host.tools.cell_edits import NamedCell
from jupyter_agent_host.host.tools.cell_reads import find_cell
from jupyter_agent_host.host.tools.interface import (
    Effect,
    Tool,
    ToolAnswer,
    ToolContext,
    ToolRequest,
    define,
    text_answer,
)
from jupyter_agent_host.host.tools.kernel_runs import Wait, run_as_job

_SHOW_SECONDS = 2.0
_SHOW_BYTES = 100_000
_PROMPTS = ("%%agent", "%agent")
_AGENT_KERNEL = "agent-claude"
"""The kernelspec in whose notebooks a cell is a prompt, unless it begins with a magic."""


class RunCells(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Code cells as they were read, in the order in which they are to run."""

    cells: Annotated[tuple[NamedCell, ...], msgspec.Meta(min_length=1, max_length=50)]
    wait_seconds: Wait = 60


class RunCellsTool:
    """`run_cells`."""

    definition = define(
        "run_cells",
        "Run code cells, one after another, until one fails; their outputs appear in the notebook and you get them as "
        "well (plots as images). Name each cell with the revision that you read. What takes longer than wait_seconds "
        "goes on as a job.",
        RunCells,
    )
    arguments: type[msgspec.Struct] = RunCells
    effect: Effect = "run"

    async def request(self, context: ToolContext, arguments: RunCells) -> ToolRequest:
        """The cells and their code.

        Raises:
            NotebookError: a cell is not there, changed, is being typed in, or cannot be run by an agent.
        """
        cells = await _cells(context, arguments)
        status = await context.kernel.status()
        names = ", ".join(cell.id for cell in cells)
        return ToolRequest(
            tool="run_cells",
            effect="run",
            arguments=arguments,
            title=f"Run {'cell' if len(cells) == 1 else 'cells'} {names}",
            cells=cells,
            code="\n\n".join(cell.source for cell in cells),
            language=status.language or "python",
        )

    async def call(self, context: ToolContext, arguments: RunCells) -> ToolAnswer:
        """Run them as one job, on the cells as they are now."""
        cells = [cell for cell in await _cells(context, arguments) if cell.source.strip()]
        if not cells:
            return text_answer("These cells are empty; nothing was run.")
        document = context.document

        async def work(job: Job) -> Execution:
            last = Execution("ok")
            for cell in cells:
                last = await _run_cell(context, document, cell, job)
                if last.status != "ok":
                    job.note = f"Cell {cell.id} did not end well; cells after it were not run."
                    break
            return last

        return await run_as_job(context, f"run {', '.join(cell.id for cell in cells)}", work, arguments.wait_seconds)


async def _run_cell(context: ToolContext, document: NotebookDocument, cell: Cell, job: Job) -> Execution:
    """Run one cell, its outputs shown in it while they come and when it is done."""
    gathered = Gathered()

    def take(message: Any) -> None:
        gathered.take(message)
        job.gathered.take(message)

    await _show(document, cell, Gathered(), None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_show_as_they_come, document, cell, gathered)
        try:
            request = RunRequest(code=cell.source, cell_id=cell.id, store_history=True)
            execution = await running.run(context.agent, request, take)
        except BaseException:
            with anyio.CancelScope(shield=True), anyio.move_on_after(_SHOW_SECONDS):
                await _show(document, cell, gathered, None)
            raise
        finally:
            tasks.cancel_scope.cancel()
    await _show(document, cell, gathered, execution.execution_count)
    return execution


async def _show_as_they_come(document: NotebookDocument, cell: Cell, gathered: Gathered) -> None:
    """Now and then while the outputs are small: a shared document keeps every state that it was ever in."""
    shown = gathered.changes
    while True:
        await anyio.sleep(_SHOW_SECONDS)
        if gathered.changes != shown and gathered.size_bytes < _SHOW_BYTES:
            shown = gathered.changes
            await _show(document, cell, gathered, None)


async def _show(document: NotebookDocument, cell: Cell, gathered: Gathered, count: int | None) -> None:
    try:
        await document.edit([SetOutputs(cell.id, list(gathered.outputs), count)])
    except NotebookError:
        # The person deleted the cell, or closed a page in this moment; the run itself goes on.
        return


async def _cells(context: ToolContext, arguments: RunCells) -> tuple[Cell, ...]:
    snapshot = await context.document.read()
    found = [find_cell(snapshot, named.cell_id) for named in arguments.cells]
    for cell, named in zip(found, arguments.cells, strict=True):
        _check(context, cell, named.revision, asks=_asks_agent(snapshot, cell.source.lstrip()))
    return tuple(found)


def _asks_agent(snapshot: Snapshot, source: str) -> bool:
    kernel = snapshot.metadata.get("kernelspec")
    is_prompt = isinstance(kernel, Mapping) and kernel.get("name") == _AGENT_KERNEL and not source.startswith("%")
    return source.startswith(_PROMPTS) or (is_prompt and bool(source))


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


def cell_running_tools() -> tuple[Tool, ...]:
    """In the order in which the model is told of them."""
    return (RunCellsTool(),)
