"""Runs as jobs: begun by the tools that run code, awaited and stopped by tools of their own; told to the model here."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_agent_host.host.notebook.cell_outputs import content_of
from jupyter_agent_host.host.notebook.kernel_jobs import Job, Jobs, Work
from jupyter_agent_host.host.tools.tool import Tool, ToolAnswer, ToolContext, error_answer
from jupyter_agent_host.host.tools.tool_arguments import Arguments, JobId, Wait
from jupyter_agent_host.protocol.host_tools import ToolText
from jupyter_agent_host.store.journal.rows import JobRow


def ending(job: Job) -> str:
    """How a job ended, in a sentence."""
    execution = job.execution
    if execution is None:
        return f"Job {job.id} ({job.title}) runs, for {job.elapsed:.1f} s so far."
    how = {"ok": "ended well", "error": "failed", "aborted": "did not run to its end"}[execution.status]
    why = f": {execution.error.strip().rstrip('.')}" if execution.error else ""
    return f"Job {job.id} ({job.title}) {how} after {job.elapsed:.1f} s{why}."


def losing(rows: Sequence[JobRow]) -> str:
    """That jobs were lost, and what is known of them."""
    names = ", ".join(f"j{row.number} ({row.title})" for row in rows)
    jobs, were, they = ("Job", "was", "it") if len(rows) == 1 else ("Jobs", "were", "they")
    return (
        f"{jobs} {names} {were} lost when the server was restarted: whether {they} ran to the end is not known, and"
        " later outputs did not reach the notebook. A kernel of that server ended with it. Look at the kernel's state,"
        " its variables and the cells before you run anything again."
    )


async def lost(jobs: Jobs, row: JobRow) -> ToolAnswer:
    """What is said to the agent that asks for a lost job, which counts as told then."""
    await jobs.told_lost([row])
    return error_answer(losing([row]))


def answer(job: Job) -> ToolAnswer:
    """A job's state and its outputs so far. Once it ended, the agent counts as told."""
    over = job.ended.is_set()
    if over:
        job.told.set()
    more = "" if over else f' Await it with wait_for_job("{job.id}"), or end your turn: you are woken when it is done.'
    note = f"\n{job.note}" if job.note else ""
    head = ToolText(f"{ending(job)}{more}{note}")
    outputs = content_of(job.gathered.outputs, left_out=job.gathered.left_out)
    failed = job.execution is not None and job.execution.status != "ok"
    return ToolAnswer((head, *(outputs or (ToolText("(no output)"),) if over else outputs)), is_error=failed)


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
