"""What a tool may ask of the agent whose turn calls it. `host.agents.agent.NotebookAgent` answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jupyter_agent_host.host.notebook.cells import CellEdit, Snapshot
from jupyter_agent_host.host.notebook.kernel_jobs import Jobs
from jupyter_agent_host.host.notebook.notebook_access import NotebookDocument
from jupyter_agent_host.host.notebook.run_in_kernel import KernelUser
from jupyter_agent_host.protocol.events import PermissionAsked
from jupyter_agent_host.protocol.host_api import AnswerRequest


class TurnContext(KernelUser, Protocol):
    """The notebook that a turn belongs to, its cells, its kernel, and the person."""

    @property
    def notebook_id(self) -> str:
        """The notebook's id."""

    @property
    def notebook_mode(self) -> str:
        """What the person chose that the agent must ask for; "" for the server's default."""

    @property
    def default_model(self) -> str:
        """The model of turns that name none; "" for the SDK's default."""

    @property
    def serving_session(self) -> str:
        """Id of the session that the sandbox's runner has open."""

    @property
    def document(self) -> NotebookDocument:
        """The cells of the notebook where it is now."""

    @property
    def jobs(self) -> Jobs:
        """Runs in the kernel that the agent began."""

    async def note_cells(
        self, turn_id: str, seen: Snapshot, edits: Sequence[CellEdit], after: Snapshot | None = None
    ) -> None:
        """Keep what a call did to cells, so that it can be shown and undone; see `host.review`."""

    async def ask_person(self, asked: PermissionAsked, turn_id: str, headless: bool) -> AnswerRequest:
        """Ask the person and wait without limit; see `host.turns.questions.Questions.ask`."""
