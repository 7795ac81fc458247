"""Tools that interrupt and restart the kernel."""

from __future__ import annotations

from jupyter_agent_host.errors import NotebookError
from jupyter_agent_host.host.notebook import run_in_kernel
from jupyter_agent_host.host.tools.tool import Change, Tool, ToolAnswer, ToolContext, text_answer
from jupyter_agent_host.host.tools.tool_arguments import Arguments


async def interrupt_kernel(context: ToolContext, _arguments: Arguments) -> Change:
    """What runs is told to stop.

    Raises:
        NotebookError: nothing runs but the cell that waits for this very turn.
    """
    status = await context.kernel.status()
    if await run_in_kernel.waiting_cell(context.agent) is not None and not context.agent.jobs.open:
        raise NotebookError("What runs is the cell that asked you; it ends with your turn. There is nothing else.")
    first = status.running.strip().partition("\n")[0][:80]

    async def carry_out() -> ToolAnswer:
        cell = await run_in_kernel.waiting_cell(context.agent)
        if cell is not None:
            return text_answer("Told your code to stop." if cell.stop() else "None of your code runs in that cell.")
        done = await context.kernel.interrupt()
        left = f" Goes on all the same: {'; '.join(done.left)}. Only a restart ends that." if done.left else ""
        return text_answer(("Interrupted." if done.stopped else "Nothing was interrupted.") + left)

    title = f"Interrupt the kernel (it runs: {first})" if first else "Interrupt the kernel"
    return Change(title=title, effect="run", carry_out=carry_out)


async def restart_kernel(context: ToolContext, _arguments: Arguments) -> Change:
    """Every variable is lost.

    Raises:
        NotebookError: the cell that asked would be killed with its turn's answer.
    """
    if await run_in_kernel.waiting_cell(context.agent) is not None:
        raise NotebookError(
            "You were asked from a cell of this very kernel; a restart would kill that cell. Ask the person to "
            "restart it, or to ask you in the panel."
        )

    async def carry_out() -> ToolAnswer:
        await context.kernel.restart()
        return text_answer("The kernel was restarted; it has no variables now.")

    return Change(title="Restart the kernel (every variable is lost)", effect="restart", carry_out=carry_out)


CONTROL_TOOLS = (
    Tool(
        "interrupt_kernel",
        "Interrupt what runs in the notebook's kernel, the person's own cells as well. Says what it could not stop.",
        Arguments,
        interrupt_kernel,
    ),
    Tool(
        "restart_kernel",
        "Restart the notebook's kernel: every variable is lost. The person is always asked.",
        Arguments,
        restart_kernel,
    ),
)
