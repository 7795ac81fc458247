"""What the handlers stand on: notebooks by path, by id and by kernel, and the host behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, cast

import anyio
import msgspec

from jupyter_agent_host.errors import UnknownNotebookError
from jupyter_agent_host.host.api.manager import NotebookRef
from jupyter_agent_host.protocol.events import EventRecord
from jupyter_agent_host.protocol.host_api import (
    Answer,
    EventsRequest,
    NotebookInfo,
    OpenRequest,
    PromptAccepted,
    Request,
    Simple,
)
from jupyter_agent_host.server.documents.notebook_paths import NotebookPaths
from jupyter_agent_host.server.documents.notebook_renames import Renames
from jupyter_agent_host.server.documents.saved_sessions import Documents
from jupyter_agent_host.server.host_task import HostTask
from jupyter_agent_host.server.kernels.kernel_identity import Kernels
from jupyter_agent_host.store.journal.rows import TurnRow

_ANSWER_SECONDS = 10.0
_TASKS_END_SECONDS = 0.05


class AgentService:
    """Every door's one way to the manager. Paths are relative to the server's root here, absolute below."""

    def __init__(
        self, host: HostTask, documents: Documents, kernels: Kernels, paths: NotebookPaths, renames: Renames
    ) -> None:
        self.kernels = kernels
        self._host = host
        self._documents = documents
        self._paths = paths
        self._renames = renames
        self._streams: set[anyio.CancelScope] = set()
        self._requests = 0
        self._pages: Counter[str] = Counter()

    async def call_by_path(
        self, api_path: str, verb: str, request: Request, *, kernel_id: str = "", actor: str = ""
    ) -> Answer:
        """Carry out one verb of `VERBS` for the notebook at this path.

        Raises:
            AgentHostError: whatever the host says, or that there is no host.
        """
        path = self._paths.absolute(api_path)
        if not path:
            raise UnknownNotebookError(f"{api_path!r} is no notebook below this server's root folder.")
        await self._renames.settled()
        saved = await self._documents.saved(path)
        # Whatever else stands there is judged as well, and kept aside: the store refuses this shape as malformed.
        envelope = saved if saved is None or isinstance(saved, dict) else {"malformed": saved}
        answer = await self._call(
            NotebookRef(path=path, kernel_id=kernel_id, actor=actor, envelope=envelope), verb, request
        )
        if notebook_id := getattr(answer, "notebook_id", ""):
            self._documents.remember(path, notebook_id, saved=saved)
        return answer

    async def call_by_id(self, notebook_id: str, verb: str, request: Request, *, actor: str = "") -> Answer:
        """The same for a notebook that was opened before.

        Raises:
            AgentHostError: whatever the host says, or that there is no host.
        """
        return await self._call(NotebookRef(notebook_id=notebook_id, actor=actor), verb, request)

    async def _call(self, notebook: NotebookRef, verb: str, request: Request) -> Answer:
        manager = await self._host.manager()
        answer = await manager.call(notebook, verb, request)
        if isinstance(answer, PromptAccepted):
            return msgspec.structs.replace(answer, asks_in_page=self._pages[answer.notebook_id] > 0)
        return self._with_api_path(answer) if isinstance(answer, NotebookInfo) else answer

    @contextmanager
    def page_follows(self, notebook_id: str) -> Iterator[None]:
        """While inside, a page shows this notebook's questions and takes their answers."""
        self._pages[notebook_id] += 1
        try:
            yield
        finally:
            self._pages[notebook_id] -= 1
            if not self._pages[notebook_id]:
                del self._pages[notebook_id]

    @contextmanager
    def stream_scope(self, scope: anyio.CancelScope) -> Iterator[None]:
        """Run an endless answer inside `scope`, which `end_streams` cancels."""
        self._streams.add(scope)
        try:
            with scope:
                yield
        finally:
            self._streams.discard(scope)

    def begun(self) -> None:
        """A request of ours is under way."""
        if not self._requests:
            self._quiet = anyio.Event()
        self._requests += 1

    def ended(self) -> None:
        """It was answered, or its asker is gone."""
        self._requests -= 1
        if not self._requests:
            self._quiet.set()

    async def answered(self) -> None:
        """Wait until no request is under way, but not for ever.

        A server whose loop ends under a request with a thread at work would wait for that thread without end.
        """
        with anyio.move_on_after(_ANSWER_SECONDS):
            if self._requests:
                await self._quiet.wait()
            await anyio.sleep(_TASKS_END_SECONDS)

    def end_streams(self) -> None:
        """The server stops: nobody needs to wait for a stream."""
        for scope in self._streams:
            scope.cancel()

    async def notebook_id(self, api_path: str, *, kernel_id: str = "") -> str:
        """The id of the notebook at this path, which the host gets to know if it does not yet. Starts nothing."""
        info = await self.call_by_path(api_path, "open", OpenRequest(), kernel_id=kernel_id)
        return cast(NotebookInfo, info).notebook_id

    async def events(self, notebook_id: str, request: EventsRequest) -> AsyncGenerator[EventRecord, None]:
        """The events of one notebook, for as long as somebody iterates.

        Raises:
            AgentHostError: there is no such notebook, or no host.
        """
        manager = await self._host.manager()
        # Asked first, since an error is told better before a stream begins than inside of it.
        await manager.call(NotebookRef(notebook_id=notebook_id), "status", Simple())
        return cast(AsyncGenerator[EventRecord, None], manager.events(notebook_id, request))

    async def logs(self, notebook_id: str) -> str:
        """The last lines that the notebook's sandbox wrote; "" when there is none."""
        manager = await self._host.manager()
        return await manager.logs(notebook_id)

    async def transcript(
        self, notebook_id: str, session_id: str
    ) -> tuple[NotebookInfo, AsyncIterator[TurnRow | EventRecord]]:
        """The notebook, and a whole conversation of it, the present one by default.

        Raises:
            AgentHostError: there is no such notebook or session, or no host.
        """
        manager = await self._host.manager()
        info = cast(NotebookInfo, await self.call_by_id(notebook_id, "status", Simple()))
        return info, await manager.transcript(notebook_id, session_id)

    async def envelope(self, notebook_id: str, *, wait: bool = False) -> dict[str, Any] | None:
        """What belongs into the notebook's metadata, for a page that writes it there itself.

        `wait`: first let the running turn end.
        """
        manager = await self._host.manager()
        return await manager.flush(notebook_id) if wait else manager.envelope(notebook_id)

    async def notebooks(self) -> list[NotebookInfo]:
        """Every notebook with an agent in this host."""
        manager = await self._host.manager()
        return [self._with_api_path(info) for info in await manager.list()]

    def _with_api_path(self, info: NotebookInfo) -> NotebookInfo:
        return msgspec.structs.replace(info, path=self._paths.api(info.path))
