"""Tools that run code in the person's kernel. Every run is a job, however short."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from jupyter_agent_host.errors import NotebookError
from jupyter_agent_host.host.notebook import running
from jupyter_agent_host.host.notebook.jobs import Job
from jupyter_agent_host.host.notebook.kernel import Execution, RunRequest
from jupyter_agent_host.host.tools.interface import (
    Effect,
    Tool,
    ToolAnswer,
    ToolContext,
    ToolRequest,
    define,
    text_answer,
)
from jupyter_agent_host.host.tools.job_text import answer
from jupyter_agent_host.host.tools.kernel_looks import NoArguments

MAX_CODE_CHARS = 200_000
Wait = Annotated[float, msgspec.Meta(ge=0, le=100)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CODE_CHARS)]


class RunCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See the tool's description."""

    code: Code
    wait_seconds: Wait = 60
    beside: bool = False
    deadline_seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60


class RunCodeTool:
    """`run_code`."""

    definition = define(
        "run_code",
        "Run code in the person's kernel without a cell: it sees and changes their variables. You get text, errors and "
        "plots (as images). If it takes longer than wait_seconds it goes on as a job. It waits for cells that run "
        "before; with `beside` it runs at once in another thread, while a cell runs, and is told to stop at "
        "deadline_seconds, since no interrupt reaches it there.",
        RunCode,
    )
    arguments: type[msgspec.Struct] = RunCode
    effect: Effect = "run"

    async def request(self, context: ToolContext, arguments: RunCode) -> ToolRequest:
        """The code, exactly."""
        status = await context.kernel.status()
        where = "beside the running cell" if arguments.beside else "in the notebook's kernel"
        return ToolRequest(
            tool="run_code",
            effect="run",
            arguments=arguments,
            title=f"Run code {where}",
            code=arguments.code,
            language=status.language or "python",
        )

    async def call(self, context: ToolContext, arguments: RunCode) -> ToolAnswer:
        """Run it as a job and wait a while."""
        request = RunRequest(
            code=arguments.code,
            place="beside" if arguments.beside else "main",
            deadline_seconds=arguments.deadline_seconds,
        )

        async def work(job: Job) -> Execution:
            return await running.run(context.agent, request, job.gathered.take)

        title = f"run code: {arguments.code.strip().partition(chr(10))[0][:60]}"
        return await run_as_job(context, title, work, arguments.wait_seconds)


async def run_as_job(context: ToolContext, title: str, work: Any, wait_seconds: float) -> ToolAnswer:
    """Begin a job and wait for it; it goes on when the time is over."""
    job = context.agent.jobs.begin(title, work, turn_id=context.turn_id, headless=context.headless)
    await job.wait(wait_seconds)
    return answer(job)


class WaitForJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`wait_seconds` 0 only polls."""

    job_id: Annotated[str, msgspec.Meta(max_length=20)]
    wait_seconds: Wait = 60


class WaitForJobTool:
    """`wait_for_job`."""

    definition = define(
        "wait_for_job",
        "State and outputs of a run that you began and that went on as a job. Waits up to wait_seconds for its end.",
        WaitForJob,
        read_only=True,
    )
    arguments: type[msgspec.Struct] = WaitForJob
    effect: Effect = "read"

    async def request(self, _context: ToolContext, arguments: WaitForJob) -> ToolRequest:
        return ToolRequest(tool="wait_for_job", effect="read", arguments=arguments, title="Wait for a job")

    async def call(self, context: ToolContext, arguments: WaitForJob) -> ToolAnswer:
        """Wait, then tell."""
        job = context.agent.jobs.get(arguments.job_id)
        await job.wait(arguments.wait_seconds)
        return answer(job)


class StopJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the agent's own."""

    job_id: Annotated[str, msgspec.Meta(max_length=20)]


class StopJobTool:
    """`stop_job`."""

    definition = define("stop_job", "Stop a run that you began. The person's own cells are not touched.", StopJob)
    arguments: type[msgspec.Struct] = StopJob
    effect: Effect = "read"

    async def request(self, _context: ToolContext, arguments: StopJob) -> ToolRequest:
        return ToolRequest(tool="stop_job", effect="read", arguments=arguments, title="Stop a job")

    async def call(self, context: ToolContext, arguments: StopJob) -> ToolAnswer:
        """Stop it and tell how it ended."""
        job = context.agent.jobs.get(arguments.job_id)
        job.scope.cancel()
        await job.wait(10)
        return answer(job)


class InterruptTool:
    """`interrupt_kernel`."""

    definition = define(
        "interrupt_kernel",
        "Interrupt what runs in the notebook's kernel, the person's own cells as well. Says what it could not stop.",
        NoArguments,
    )
    arguments: type[msgspec.Struct] = NoArguments
    effect: Effect = "run"

    async def request(self, context: ToolContext, arguments: NoArguments) -> ToolRequest:
        """What would be interrupted.

        Raises:
            NotebookError: nothing runs but the cell that waits for this very turn.
        """
        status = await context.kernel.status()
        if await running.waiting_cell(context.agent) is not None and not context.agent.jobs.open:
            raise NotebookError("What runs is the cell that asked you; it ends with your turn. There is nothing else.")
        first = status.running.strip().partition("\n")[0][:80]
        title = f"Interrupt the kernel (it runs: {first})" if first else "Interrupt the kernel"
        return ToolRequest(tool="interrupt_kernel", effect="run", arguments=arguments, title=title)

    async def call(self, context: ToolContext, _arguments: NoArguments) -> ToolAnswer:
        """Interrupt, and say what came of it."""
        cell = await running.waiting_cell(context.agent)
        if cell is not None:
            return text_answer("Told your code to stop." if cell.stop() else "None of your code runs in that cell.")
        done = await context.kernel.interrupt()
        left = f" Goes on all the same: {'; '.join(done.left)}. Only a restart ends that." if done.left else ""
        return text_answer(("Interrupted." if done.stopped else "Nothing was interrupted.") + left)


class RestartTool:
    """`restart_kernel`."""

    definition = define(
        "restart_kernel",
        "Restart the notebook's kernel: every variable is lost. The person is always asked.",
        NoArguments,
    )
    arguments: type[msgspec.Struct] = NoArguments
    effect: Effect = "restart"

    async def request(self, context: ToolContext, arguments: NoArguments) -> ToolRequest:
        """What would be lost.

        Raises:
            NotebookError: the cell that asked would be killed with its turn's answer.
        """
        if await running.waiting_cell(context.agent) is not None:
            raise NotebookError(
                "You were asked from a cell of this very kernel; a restart would kill that cell. Ask the person to "
                "restart it, or to ask you in the panel."
            )
        return ToolRequest(
            tool="restart_kernel",
            effect="restart",
            arguments=arguments,
            title="Restart the kernel (every variable is lost)",
        )

    async def call(self, context: ToolContext, _arguments: NoArguments) -> ToolAnswer:
        """Restart and wait for it."""
        await context.kernel.restart()
        return text_answer("The kernel was restarted; it has no variables now.")


class CallFunction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`arguments` by name, as the function's schema says."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    arguments: dict[str, Any] = {}
    wait_seconds: Wait = 60


class CallFunctionTool:
    """`call_function`."""

    definition = define(
        "call_function",
        "Call a Python function of the person's that they offered in this prompt with &name. You get what it returns, "
        "shows and raises.",
        CallFunction,
    )
    arguments: type[msgspec.Struct] = CallFunction
    effect: Effect = "read"  # the person named the function for this very turn: that is the leave

    async def request(self, _context: ToolContext, arguments: CallFunction) -> ToolRequest:
        return ToolRequest(tool="call_function", effect="read", arguments=arguments, title=f"Call {arguments.name}")

    async def call(self, context: ToolContext, arguments: CallFunction) -> ToolAnswer:
        """Run the call as code, in the kernel.

        Raises:
            NotebookError: the function was not offered for this turn.
        """
        code = _call_code(context, arguments)

        async def work(job: Job) -> Execution:
            return await running.run(context.agent, RunRequest(code=code), job.gathered.take)

        return await run_as_job(context, f"call {arguments.name}", work, arguments.wait_seconds)


def _call_code(context: ToolContext, arguments: CallFunction) -> str:
    turn = context.agent.active
    offered = [one.name for one in turn.request.functions] if turn is not None else []
    if arguments.name not in offered:
        known = ", ".join(offered) or "none"
        raise NotebookError(f"{arguments.name!r} was not offered for this turn; offered: {known}.")
    if not all(name.isidentifier() for name in arguments.arguments):
        raise NotebookError("Arguments are given by name, and a name is an identifier.")
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.arguments.items())
    return f"{arguments.name}({given})"


def running_tools() -> tuple[Tool, ...]:
    """In the order in which the model is told of them."""
    return (RunCodeTool(), WaitForJobTool(), StopJobTool(), InterruptTool(), RestartTool(), CallFunctionTool())
