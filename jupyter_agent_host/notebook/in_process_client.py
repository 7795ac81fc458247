"""The agent hosted inside this process, where there is no Jupyter server: `jupyter execute`, papermill, IPython."""

from __future__ import annotations

import atexit
import json
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import AbstractAsyncContextManager, ExitStack
from pathlib import Path
from typing import Any
from weakref import WeakSet

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from traitlets import TraitError

from jupyter_agent_host.errors import AgentHostError, ConfigError, EnvelopeCorruptError
from jupyter_agent_host.host.api.manager import Manager
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.protocol.events import EventRecord
from jupyter_agent_host.protocol.host_api import Answer, EventsRequest, NotebookInfo, OpenRequest, Request
from jupyter_agent_host.server.config.config_files import agent_host_from_files
from jupyter_agent_host.server.configured_host import open_configured_host

CLOSE_SECONDS = 30.0

OpenHost = Callable[[], AbstractAsyncContextManager[Manager]]


def open_host_from_files() -> AbstractAsyncContextManager[Manager]:
    """A host as Jupyter's configuration files and the environment set it; the model's key leaves the environment.

    Raises:
        ConfigError: a setting is wrong.
    """
    try:
        return open_configured_host(agent_host_from_files())
    except TraitError as err:
        raise ConfigError(f"A setting in Jupyter's configuration files is wrong: {err}") from err


class InProcessClient:
    """An `AgentClient` whose host lives in a thread of this process, from the first call to `close` or exit."""

    def __init__(self, notebook: Path, *, kernel_id: str = "", open_host: OpenHost = open_host_from_files) -> None:
        self._notebook = notebook
        self._kernel_id = kernel_id
        self._open_host = open_host
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._streams: WeakSet[PortalEventStream] = WeakSet()
        self._portal: BlockingPortal | None = None
        self._manager: Manager | None = None

    @property
    def where(self) -> str:
        """See `AgentClient.where`."""
        return "this process, since no Jupyter server started it"

    def call(self, verb: str, request: Request) -> Answer:
        """See `AgentClient.call`."""
        portal, manager = self._host()
        return portal.call(manager.call, self._ref(), verb, request)

    def events(self, request: EventsRequest) -> PortalEventStream:
        """See `AgentClient.events`."""
        info = self.call("open", OpenRequest())
        if not isinstance(info, NotebookInfo):
            raise AgentHostError("The agent did not say which notebook this is.")
        portal, manager = self._host()
        stream = PortalEventStream(portal, manager, info.notebook_id, request)
        self._streams.add(stream)
        return stream

    def close(self) -> None:
        """See `AgentClient.close`. Ends the turn and the sandbox, within `CLOSE_SECONDS`."""
        with self._lock:
            manager, self._manager, self._portal = self._manager, None, None
        if manager is None:
            return
        atexit.unregister(self.close)
        for stream in list(self._streams):
            stream.close()
        # The host bounds its own end, but a blocked thread must not keep a kernel from exiting.
        closing = threading.Thread(target=self._stack.close, name="agent-host-close", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)

    def _host(self) -> tuple[BlockingPortal, Manager]:
        with self._lock:
            if self._portal is None or self._manager is None:
                opening = self._open_host()
                with ExitStack() as stack:
                    portal = stack.enter_context(start_blocking_portal("asyncio"))
                    self._manager = stack.enter_context(portal.wrap_async_context_manager(opening))
                    self._portal = portal
                    self._stack = stack.pop_all()
                atexit.register(self.close)
            return self._portal, self._manager

    def _ref(self) -> NotebookRef:
        return NotebookRef(path=str(self._notebook), kernel_id=self._kernel_id, envelope=_envelope(self._notebook))


class PortalEventStream:
    """See `EventStream`. The host is in this process, so it is never out of reach."""

    connected = True

    def __init__(self, portal: BlockingPortal, manager: Manager, notebook_id: str, request: EventsRequest) -> None:
        self._portal = portal
        self._manager = manager
        self._notebook_id = notebook_id
        self._request = request
        self._items: queue.SimpleQueue[EventRecord | BaseException | None] = queue.SimpleQueue()
        self._pump: Future[None] | None = None
        self._closed = False

    def __iter__(self) -> Iterator[EventRecord]:
        return self

    def __next__(self) -> EventRecord:
        if self._pump is None and not self._closed:
            self._pump = self._portal.start_task_soon(self._follow)
            self._pump.add_done_callback(self._done)
        item = None if self._closed and self._items.empty() else self._items.get()
        if item is None:
            self._closed = True
            raise StopIteration
        if isinstance(item, BaseException):
            raise item
        return item

    def close(self) -> None:
        """See `EventStream.close`."""
        self._closed = True
        if self._pump is not None:
            self._pump.cancel()
        self._items.put(None)

    async def _follow(self) -> None:
        async for record in self._manager.events(self._notebook_id, self._request):
            self._items.put(record)

    def _done(self, pump: Future[None]) -> None:
        try:
            self._items.put(pump.exception())
        except (CancelledError, anyio.get_cancelled_exc_class()):
            self._items.put(None)


def _envelope(notebook: Path) -> dict[str, Any] | None:
    """The session saved in the notebook's file, None when there is none."""
    try:
        metadata = json.loads(notebook.read_bytes()).get("metadata", {})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as err:
        raise EnvelopeCorruptError(f"{notebook.name} cannot be read as a notebook ({err}).") from err
    envelope = metadata.get("agent_host") if isinstance(metadata, dict) else None
    return envelope if isinstance(envelope, dict) else None
