"""A turn that nobody typed: it tells the agent that something it had begun came to its end."""

from __future__ import annotations

from jupyter_agent_host.host.agent import NotebookAgent
from jupyter_agent_host.host.notebook.jobs import Job
from jupyter_agent_host.host.ref import NotebookRef
from jupyter_agent_host.host.tools.job_text import ending
from jupyter_agent_host.host.verbs.prompt import prompt
from jupyter_agent_host.protocol.host_api import PromptRequest


async def wake(agent: NotebookAgent, job: Job) -> None:
    """Begin a turn of origin `job`.

    Raises:
        AgentHostError: no turn can begin now.
    """
    text = (
        f"[Note from the notebook's host: {ending(job)} Ask for its outputs with wait_for_job if you need them, and go"
        " on with what it was for; if nothing is left to do, say the result in a sentence.]"
    )
    await prompt(agent, NotebookRef(), PromptRequest(prompt=text, origin="job", headless=job.headless))
