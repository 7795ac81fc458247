"""What a review asks of the agent that it belongs to. `host.agents.agent.NotebookAgent` answers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from jupyter_agent_host.host.notebook.kernel_jobs import Jobs
from jupyter_agent_host.host.notebook.notebook_access import NotebookDocument
from jupyter_agent_host.host.turns.queued_turn import QueuedTurn
from jupyter_agent_host.host.workspace import Workspace
from jupyter_agent_host.protocol.events import AnyEvent, EventRecord


class ReviewContext(Protocol):
    """The notebook whose turns are reviewed."""

    @property
    def notebook_id(self) -> str:
        """The notebook's id."""

    @property
    def path(self) -> str:
        """Where the notebook's file is; "" while it has none."""

    @property
    def active(self) -> QueuedTurn | None:
        """The turn that runs."""

    @property
    def serving_session(self) -> str:
        """Id of the session that the sandbox's runner has open."""

    @property
    def document(self) -> NotebookDocument:
        """The cells of the notebook where it is now."""

    @property
    def jobs(self) -> Jobs:
        """Runs in the kernel that the agent began."""

    async def workspace(self) -> Workspace:
        """The sandbox's workspace, or the same on the private files that it left."""

    async def shown_folder(self) -> Path:
        """The person's folder that the paths of files are relative to."""

    async def emit(self, turn_id: str, *events: AnyEvent, session_id: str = "") -> list[EventRecord]:
        """Journal events, then show them."""
