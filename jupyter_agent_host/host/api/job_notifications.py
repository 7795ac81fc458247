"""A turn that nobody typed: it tells the agent that something it had begun came to its end."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.api.verbs.prompt import prompt
from jupyter_agent_host.host.notebook.kernel_jobs import Job
from jupyter_agent_host.host.tools.job_tools import ending, losing
from jupyter_agent_host.protocol.host_api import PromptRequest
from jupyter_agent_host.store.journal.rows import JobRow


async def wake(agent: NotebookAgent, job: Job) -> None:
    """Begin a turn of origin `job`.

    Raises:
        AgentHostError: no turn can begin now.
    """
    await _tell(
        agent,
        f"{ending(job)} Ask for its outputs with wait_for_job if you need them, and go on with what it was for; if"
        " nothing is left to do, say the result in a sentence.",
        headless=job.row.headless,
    )


async def wake_lost(agent: NotebookAgent, rows: Sequence[JobRow]) -> None:
    """Begin such a turn for jobs that an earlier server began and nobody saw the end of.

    Raises:
        AgentHostError: no turn can begin now.
    """
    await _tell(
        agent,
        f"{losing(rows)} Say so in a sentence to the person; do not begin anything again unless they ask.",
        headless=all(row.headless for row in rows),
    )


async def _tell(agent: NotebookAgent, text: str, *, headless: bool) -> None:
    request = PromptRequest(prompt=f"[Note from the notebook's host: {text}]", origin="job", headless=headless)
    await prompt(agent, NotebookRef(), request)
