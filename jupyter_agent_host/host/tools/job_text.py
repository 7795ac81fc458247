"""Jobs in words for the model."""

from __future__ import annotations

from jupyter_agent_host.host.notebook.jobs import Job
from jupyter_agent_host.host.notebook.outputs import content_of
from jupyter_agent_host.host.tools.interface import ToolAnswer
from jupyter_agent_host.protocol.host_tools import ToolText


def ending(job: Job) -> str:
    """How a job ended, in a sentence."""
    execution = job.execution
    if execution is None:
        return f"Job {job.id} ({job.title}) runs, for {job.elapsed:.1f} s so far."
    how = {"ok": "ended well", "error": "failed", "aborted": "did not run to its end"}[execution.status]
    why = f": {execution.error.strip().rstrip('.')}" if execution.error else ""
    return f"Job {job.id} ({job.title}) {how} after {job.elapsed:.1f} s{why}."


def answer(job: Job) -> ToolAnswer:
    """A job's state and its outputs so far. Once it ended, the agent counts as told."""
    over = job.ended.is_set()
    job.told = job.told or over
    more = "" if over else f' Await it with wait_for_job("{job.id}"), or end your turn: you are woken when it is done.'
    note = f"\n{job.note}" if job.note else ""
    head = ToolText(f"{ending(job)}{more}{note}")
    outputs = content_of(job.gathered.outputs, left_out=job.gathered.left_out)
    failed = job.execution is not None and job.execution.status != "ok"
    return ToolAnswer((head, *(outputs or (ToolText("(no output)"),) if over else outputs)), is_error=failed)
