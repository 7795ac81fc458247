"""Runs as jobs: begun by the tools that run code, awaited and stopped by tools of their own."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_agent_host.host.notebook.kernel_jobs import Job, Work
from jupyter_agent_host.host.tools.job_text import answer, lost
from jupyter_agent_host.host.tools.tool import Tool, ToolAnswer, ToolContext
from jupyter_agent_host.host.tools.tool_arguments import Arguments, JobId, Wait

_STOP_SECONDS = 10.0


async def run_as_job(
    context: ToolContext, title: str, work: Work, wait_seconds: float, *, cell_ids: Sequence[str] = ()
) -> ToolAnswer:
    """Begin a job and wait for it; it goes on when the time is over.

    Raises:
        NotebookError: too many run, or this very call began one before the server was restarted.
    """
    job = context.agent.jobs.begin(
        title,
        work,
        request_id=context.request_id,
        turn_id=context.turn_id,
        headless=context.headless,
        cell_ids=tuple(cell_ids),
    )
    await job.wait(wait_seconds)
    return answer(job)


class WaitForJob(Arguments, frozen=True):
    """`wait_seconds` 0 only polls."""

    job_id: JobId
    wait_seconds: Wait = 60


async def wait_for_job(context: ToolContext, arguments: WaitForJob) -> ToolAnswer:
    """Wait, then tell."""
    job = context.agent.jobs.get(arguments.job_id)
    if not isinstance(job, Job):
        return await lost(context.agent.jobs, job)
    await job.wait(arguments.wait_seconds)
    return answer(job)


class StopJob(Arguments, frozen=True):
    """One of the agent's own."""

    job_id: JobId


async def stop_job(context: ToolContext, arguments: StopJob) -> ToolAnswer:
    """Stop it and tell how it ended."""
    job = context.agent.jobs.get(arguments.job_id)
    if not isinstance(job, Job):
        return await lost(context.agent.jobs, job)
    job.scope.cancel()
    await job.wait(_STOP_SECONDS)
    return answer(job)


JOB_TOOLS = (
    Tool(
        "wait_for_job",
        "State and outputs of a run that you began and that went on as a job. Waits up to wait_seconds for its end.",
        WaitForJob,
        wait_for_job,
        read_only=True,
    ),
    Tool("stop_job", "Stop a run that you began. The person's own cells are not touched.", StopJob, stop_job),
)
