"""Finds a notebook: in its collaboration room, else in a page that has it open, else in its file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Union

import anyio
from jupyter_core.utils import ensure_async
from jupyter_events import EventLogger

from jupyter_agent_host.errors import NotebookUnavailableError
from jupyter_agent_host.host.notebook.cells import CellEdit, Snapshot
from jupyter_agent_host.server.documents.live_documents import LiveDocuments
from jupyter_agent_host.server.documents.notebook_contents import NotebookContents
from jupyter_agent_host.server.kernels.notebook_kernels import NotebookKernels, ServerKernel
from jupyter_agent_host.server.notebooks.file_document import FileDocument
from jupyter_agent_host.server.notebooks.given_ids import GivenIds
from jupyter_agent_host.server.notebooks.open_pages import PageLostError, Pages
from jupyter_agent_host.server.notebooks.page_document import PageDocument
from jupyter_agent_host.server.notebooks.room_document import RoomDocument, Rooms

_TRIES = 3
_SESSIONS = "https://schema.jupyter.org/jupyter_collaboration/session/v1"
_NOTEBOOK_ROOM = "json:notebook:"

Place = Union[RoomDocument, PageDocument, FileDocument]


class ServerNotebooks:
    """The notebooks of one Jupyter server; see `NotebookAccess`."""

    available = True

    def __init__(
        self, server: Any, contents: NotebookContents, live: LiveDocuments, pages: Pages, kernels: NotebookKernels
    ) -> None:
        self._server = server
        self._contents = contents
        self._paths = contents.paths
        self._live = live
        self._pages = pages
        self.kernels = kernels
        self._rooms = Rooms()
        self._locks: dict[str, anyio.Lock] = {}
        self._given_ids: dict[str, GivenIds] = {}

    def listen(self, events: EventLogger) -> None:
        """Begin to hear of rooms that open, so that who types in one is known before an agent first looks there."""
        events.add_listener(schema_id=_SESSIONS, listener=self._hear)

    async def _hear(self, logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - Jupyter's
        if data.get("action") == "initialize" and data["room"].startswith(_NOTEBOOK_ROOM):
            room = await self._live.document(data["path"])
            if room is not None:
                self._rooms.document(room)

    def document(self, path: str) -> ServerDocument:
        """The notebook at this absolute path."""
        if not path:
            raise NotebookUnavailableError("The notebook has no path here, so its cells cannot be reached.")
        return ServerDocument(self, self._paths.api(path))

    def kernel(self, path: str) -> ServerKernel:
        """The notebook's kernel."""
        return self.kernels.kernel(path)

    async def is_another(self, path: str, opened: str) -> bool:
        """Whether another notebook than the one at `opened` is at `path`."""
        return await self._contents.is_another(path, opened)

    async def python(self, path: str) -> str:
        """The interpreter of the notebook's kernel."""
        return await self.kernels.python(path)

    async def place(self, api_path: str) -> Place:
        """Where the notebook lives right now."""
        room = await self._live.document(api_path)
        if room is not None:
            return self._rooms.document(room)
        having = self._pages.having(api_path)
        if having:
            return PageDocument(self._pages, having[0], api_path)
        lock = self._locks.setdefault(api_path, anyio.Lock())
        ids = self._given_ids.setdefault(api_path, GivenIds())
        file = self._paths.absolute(api_path) if self._contents.on_disk and api_path.endswith(".ipynb") else ""

        async def still_closed() -> None:
            await self._require_closed(api_path)

        return FileDocument(self._contents.manager, api_path, lock, ids, still_closed, file=file)

    async def _require_closed(self, api_path: str) -> None:
        """Refuse to write a file that somebody works on.

        Raises:
            PageLostError: it was opened in a room or a page of ours in this moment: that is the place now.
            NotebookUnavailableError: a program that we cannot edit in has it open.
        """
        if await self._live.document(api_path) is not None or self._pages.having(api_path):
            raise PageLostError("The notebook was opened in this moment.")
        for session in await ensure_async(self._server.session_manager.list_sessions()):
            if session.get("path") == api_path and (session.get("kernel") or {}).get("connections", 0) > 0:
                raise NotebookUnavailableError(
                    "The notebook is open in a program that cannot be edited in from here (no page of JupyterLab or"
                    " Notebook with this extension answers), and its file is not written under it. Show the code in"
                    " your answer instead."
                )


class ServerDocument:
    """One notebook, found anew for each call."""

    def __init__(self, notebooks: ServerNotebooks, api_path: str) -> None:
        self._notebooks = notebooks
        self._api_path = api_path

    async def read(self, outputs_of: Collection[str] = ()) -> Snapshot:
        """As `NotebookDocument.read`."""
        return await self._until_found(lambda place: place.read(outputs_of))

    async def edit(
        self, edits: Sequence[CellEdit], *, seen: Snapshot | None = None, for_person: bool = False
    ) -> Snapshot:
        """As `NotebookDocument.edit`. A page that closes takes its unsaved state along: then the edit is made anew."""
        try:
            return await (await self._notebooks.place(self._api_path)).edit(edits, seen=seen, for_person=for_person)
        except PageLostError:
            return await self._until_found(lambda place: place.edit(edits, again=True, for_person=for_person))

    async def _until_found(self, ask: Callable[[Place], Awaitable[Snapshot]]) -> Snapshot:
        """Ask where the notebook is, and again where it is then if it moves in that moment."""
        for _ in range(_TRIES - 1):
            try:
                return await ask(await self._notebooks.place(self._api_path))
            except PageLostError:
                continue
        return await ask(await self._notebooks.place(self._api_path))
