"""What the handlers stand on: notebooks by path, by id and by kernel, and the host behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio
import msgspec

from jupyter_agent_host.errors import UnknownNotebookError
from jupyter_agent_host.host.manager import NotebookRef
from jupyter_agent_host.protocol.events import EventRecord
from jupyter_agent_host.protocol.host_api import Answer, EventsRequest, NotebookInfo, OpenRequest, Request
from jupyter_agent_host.server.documents import Documents
from jupyter_agent_host.server.host_task import HostTask
from jupyter_agent_host.server.kernels import Kernels
from jupyter_agent_host.server.paths import NotebookPaths

AnswerT = TypeVar("AnswerT", bound=Answer)


class AgentService:
    """Every door's one way to the manager. Paths are relative to the server's root here, absolute below."""

    def __init__(self, host: HostTask, documents: Documents, kernels: Kernels, paths: NotebookPaths) -> None:
        self.kernels = kernels
        self._host = host
        self._documents = documents
        self._paths = paths
        self._streams: set[anyio.CancelScope] = set()

    async def call(self, api_path: str, verb: str, request: Request, *, kernel_id: str = "", actor: str = "") -> Answer:
        """Carry out one verb of `VERBS` for the notebook at this path.

        Raises:
            AgentHostError: whatever the host says, or that there is no host.
        """
        manager = await self._host.manager()
        notebook = await self._reference(api_path, kernel_id, actor)
        answer = await manager.call(notebook, verb, request)
        if notebook_id := getattr(answer, "notebook_id", ""):
            self._documents.remember(notebook.path, notebook_id)
        return self._with_api_path(answer)

    @contextmanager
    def stream_scope(self, scope: anyio.CancelScope) -> Iterator[None]:
        """Run an endless answer inside `scope`, which `end_streams` cancels."""
        self._streams.add(scope)
        try:
            with scope:
                yield
        finally:
            self._streams.discard(scope)

    def end_streams(self) -> None:
        """The server stops: nobody needs to wait for a stream."""
        for scope in self._streams:
            scope.cancel()

    async def notebook_id(self, api_path: str, *, kernel_id: str = "") -> str:
        """The id of the notebook at this path, which the host gets to know if it does not yet. Starts nothing."""
        answer = await self.call(api_path, "open", OpenRequest(), kernel_id=kernel_id)
        return answer.notebook_id if isinstance(answer, NotebookInfo) else ""

    async def events(self, notebook_id: str, request: EventsRequest) -> AsyncIterator[EventRecord]:
        """The events of one notebook, for as long as somebody iterates.

        Raises:
            AgentHostError: there is no such notebook, or no host.
        """
        manager = await self._host.manager()
        return manager.events(notebook_id, request)

    async def logs(self, notebook_id: str) -> str:
        """The last lines that the notebook's sandbox wrote; "" when there is none."""
        manager = await self._host.manager()
        return await manager.logs(notebook_id)

    async def envelope(self, notebook_id: str) -> dict[str, Any] | None:
        """What belongs into the notebook's metadata, for a page that writes it there itself."""
        manager = await self._host.manager()
        return manager.envelope(notebook_id)

    async def path_of(self, notebook_id: str) -> str:
        """Path of a notebook that this host knows.

        Raises:
            UnknownNotebookError: it knows none of that id.
        """
        for info in await self.notebooks():
            if info.notebook_id == notebook_id:
                return info.path
        raise UnknownNotebookError("No notebook of that id has an agent here; open the notebook first.")

    async def notebooks(self) -> list[NotebookInfo]:
        """Every notebook that this host knows."""
        manager = await self._host.manager()
        return [self._with_api_path(info) for info in await manager.list()]

    async def _reference(self, api_path: str, kernel_id: str, actor: str) -> NotebookRef:
        path = self._paths.absolute(api_path)
        return NotebookRef(path=path, kernel_id=kernel_id, actor=actor, envelope=await self._documents.saved(path))

    def _with_api_path(self, answer: AnswerT) -> AnswerT:
        if isinstance(answer, NotebookInfo):
            return msgspec.structs.replace(answer, path=self._paths.api(answer.path))
        return answer
