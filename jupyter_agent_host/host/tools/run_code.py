"""Tools that run code in the person's kernel without a cell. Every run is a job, however short."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from jupyter_agent_host.errors import NotebookError, ToolArgumentError
from jupyter_agent_host.host.notebook import run_in_kernel
from jupyter_agent_host.host.notebook.kernel_interface import Execution, RunRequest
from jupyter_agent_host.host.notebook.kernel_jobs import Job
from jupyter_agent_host.host.tools.job_tools import run_as_job
from jupyter_agent_host.host.tools.tool import Change, Tool, ToolAnswer, ToolContext
from jupyter_agent_host.host.tools.tool_arguments import PROMPTS, Arguments, Code, Wait


class RunCode(Arguments, frozen=True):
    """See the tool's description."""

    code: Code
    wait_seconds: Wait = 60
    beside: bool = False
    deadline_seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60


async def run_code(context: ToolContext, arguments: RunCode) -> Change:
    """The code, exactly, in the kernel's queue or beside it."""
    context.agent.jobs.refuse_repeated(context.request_id)
    if arguments.code.lstrip().startswith(PROMPTS):
        raise ToolArgumentError("This code asks an agent, and would wait for the turn that runs it.")
    status = await context.kernel.status()
    request = RunRequest(
        code=arguments.code,
        place="beside" if arguments.beside else "main",
        deadline_seconds=arguments.deadline_seconds,
    )
    place = "beside the running cell" if arguments.beside else "in the notebook's kernel"
    head = arguments.code.strip().partition("\n")[0][:60]

    async def carry_out() -> ToolAnswer:
        return await _run(context, f"run code: {head}", request, arguments.wait_seconds)

    return Change(
        title=f"Run code {place}",
        effect="run",
        carry_out=carry_out,
        code=arguments.code,
        language=status.language or "python",
    )


class CallFunction(Arguments, frozen=True):
    """`arguments` by name, as the function's schema says."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)
    wait_seconds: Wait = 60


async def call_function(context: ToolContext, arguments: CallFunction) -> ToolAnswer:
    """Run the call as code. The person named the function for this very turn: that is the leave."""
    request = RunRequest(code=_call_code(context, arguments))
    return await _run(context, f"call {arguments.name}", request, arguments.wait_seconds)


async def _run(context: ToolContext, title: str, request: RunRequest, wait_seconds: float) -> ToolAnswer:
    async def work(job: Job) -> Execution:
        return await run_in_kernel.run(context.agent, request, job.gathered.take)

    return await run_as_job(context, title, work, wait_seconds)


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


RUNNING_TOOLS = (
    Tool(
        "run_code",
        "Run code in the person's kernel without a cell: it sees and changes their variables. You get text, errors and "
        "plots (as images). If it takes longer than wait_seconds it goes on as a job. It waits for cells that run "
        "before; with `beside` it runs at once in another thread, while a cell runs, and is told to stop at "
        "deadline_seconds, since no interrupt reaches it there.",
        RunCode,
        run_code,
    ),
    Tool(
        "call_function",
        "Call a Python function of the person's that they offered in this prompt with &name. You get what it returns, "
        "shows and raises.",
        CallFunction,
        call_function,
    ),
)
