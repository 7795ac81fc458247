"""What the host needs of a notebook's document and kernel. The Jupyter server's side implements it."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import Protocol

import anyio

from jupyter_agent_host.errors import NotebookUnavailableError
from jupyter_agent_host.host.notebook.cells import CellEdit, Snapshot
from jupyter_agent_host.host.notebook.kernel_interface import NotebookKernel


class NotebookDocument(Protocol):
    """One notebook's cells: the live ones, where somebody has the notebook open."""

    async def read(self, outputs_of: Collection[str] = ()) -> Snapshot:
        """All cells as they are now, with the outputs of those whose ids are given.

        Raises:
            NotebookUnavailableError: the notebook cannot be reached, or its cells have no ids.
        """

    async def edit(
        self, edits: Sequence[CellEdit], *, seen: Snapshot | None = None, for_person: bool = False
    ) -> Snapshot:
        """Carry out all edits in order as one step, or none of them; the notebook after it, without outputs.

        `seen` is what the edits were made for, if the caller has read it already: it saves another reading where the
        notebook is far away. Whether cells are still at the revisions that the edits say is looked at in any case.
        `for_person`: a person decided on these edits just now, so that their own typing refuses none.

        Carrying the same edits out a second time, after an answer that was lost, changes nothing more and succeeds.

        Raises:
            CellMissingError: an edit names a cell that is not there.
            CellChangedError: a cell is at another revision than the edit says.
            CellBusyError: a person is typing in a cell that would change or move.
            NotebookUnavailableError: the notebook cannot be reached, or cannot be edited from here.
        """


class NotebookAccess(Protocol):
    """Finds the document and the kernel of a notebook by its absolute path, anew for each call: notebooks move.

    Attributes:
        available: whether there is anything to find at all; an agent without it is offered no notebook tools.
    """

    @property
    def available(self) -> bool: ...

    def document(self, path: str) -> NotebookDocument:
        """The notebook's cells; whether they can be reached shows when they are asked for."""

    def kernel(self, path: str) -> NotebookKernel:
        """The notebook's kernel; whether there is one shows when it is asked for."""

    async def is_another(self, path: str, opened: str) -> bool:
        """Whether another notebook than the one at `opened` is at `path` (both absolute) now."""

    async def python(self, path: str) -> str:
        """The interpreter that the notebook's kernel runs, or would run; "" for another language, or unknown."""


class NoNotebooks:
    """The access of a host that runs without a document server, such as one inside a script."""

    available = False

    def document(self, path: str) -> NotebookDocument:  # noqa: ARG002 - the protocol's signature
        raise NotebookUnavailableError("The notebook's cells are not available here: this host runs without Jupyter.")

    def kernel(self, path: str) -> NotebookKernel:  # noqa: ARG002 - the protocol's signature
        raise NotebookUnavailableError("The notebook's kernel is not available here: this host runs without Jupyter.")

    async def is_another(self, path: str, opened: str) -> bool:
        return path != opened and await anyio.Path(path).exists()

    async def python(self, path: str) -> str:  # noqa: ARG002 - the protocol's signature
        return sys.executable  # such a host runs in the kernel itself
