"""The Jupyter server extension: owns the host of one server, from its start to its stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, cast

import anyio
import msgspec
from jupyter_events import EventLogger
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from tornado.ioloop import IOLoop
from traitlets import TraitError, default

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.server.agent_service import AgentService
from jupyter_agent_host.server.config.agent_host_traits import AgentHost
from jupyter_agent_host.server.config.model_upstream import hide_credentials
from jupyter_agent_host.server.configured_host import open_configured_host, secret_of
from jupyter_agent_host.server.documents.live_documents import LiveDocuments
from jupyter_agent_host.server.documents.notebook_contents import NotebookContents
from jupyter_agent_host.server.documents.notebook_renames import Renames
from jupyter_agent_host.server.documents.saved_sessions import Documents
from jupyter_agent_host.server.event_schema import readable_schema
from jupyter_agent_host.server.host_task import HostTask
from jupyter_agent_host.server.kernels.kernel_identity import Kernels
from jupyter_agent_host.server.kernels.notebook_kernels import NotebookKernels
from jupyter_agent_host.server.notebooks.notebook_access import ServerNotebooks
from jupyter_agent_host.server.notebooks.open_pages import Pages
from jupyter_agent_host.server.rest.base_handler import SERVICE_SETTING
from jupyter_agent_host.server.rest.page_socket import PAGES_SETTING
from jupyter_agent_host.server.rest.routes import ROUTES

if TYPE_CHECKING:  # the host itself is loaded once the server runs, see `configured_host`
    from jupyter_agent_host.host.api.manager import Manager
    from jupyter_agent_host.host.audit import AuditRecord

AUDIT_EVENT = "https://schema.jupyter.org/jupyter_agent_host/audit/v1"
ENVELOPE_EVENT = "https://schema.jupyter.org/jupyter_agent_host/envelope/v1"
_ACTIVITY_SECONDS = 5.0
_CONTENTS_SECONDS = 5.0


_CALLS_START_HOOK = hasattr(ExtensionApp, "_start_jupyter_server_extension")
"""Jupyter Server before 2.16 has no such hook. Its loop runs callbacks once the server is up."""


class AgentHostExtension(ExtensionApp):
    """Gives every notebook of this server an agent. Its settings are those of `AgentHost`."""

    name = "jupyter_agent_host"
    app_name = "Jupyter Agent Host"
    description = "Every notebook gets its own Claude agent, in a sandbox of its own."
    classes = [AgentHost]  # noqa: RUF012 - traitlets' own way to declare what can be configured
    load_other_extensions = True

    @default("config_file_name")
    def _default_config_file_name(self) -> str:
        return "jupyter_agent_host_config"

    @property
    def server(self) -> ServerApp:
        """The server that this extension is linked to."""
        return cast(ServerApp, self.serverapp)

    @property
    def _events(self) -> EventLogger:
        return cast(EventLogger, self.server.event_logger)

    def initialize_settings(self) -> None:
        """Read the settings, take the key away from future children, and register what saves and renames touch."""
        server = self.server
        self._config_error: ConfigError | None = None
        self._configure()
        contents = self._contents = NotebookContents(server)
        paths, live, pages = contents.paths, LiveDocuments(server), Pages()
        self.documents = Documents(contents, live, self._announce)
        self.notebooks = ServerNotebooks(server, contents, live, pages, NotebookKernels(server, paths))
        self.host = HostTask(self._open_host, self._prepare, self._while_open)
        self._renames = Renames(contents, self.documents, self.host)
        self._interrupt = OrderlyInterrupt(lambda: server.stop(from_signal=True))
        kernels = Kernels(server)
        self.service = AgentService(self.host, self.documents, kernels, paths, self._renames)
        self.settings[SERVICE_SETTING] = self.service
        self.settings[PAGES_SETTING] = pages
        try:
            self.documents.take_part_in_saves()
            for schema in files("jupyter_agent_host.server").joinpath("event_schemas").iterdir():
                self._events.register_event_schema(readable_schema(schema.read_text(encoding="utf-8")))
        except Exception as err:  # what goes wrong here is told to people; without routes they would get a bare 403
            self.log.exception("jupyter-agent-host did not start")
            self._config_error = ConfigError(
                f"jupyter-agent-host is installed in this Jupyter server but did not start there"
                f" ({type(err).__name__}: {str(err)[:300]}). The server's log says more."
            )

        if not _CALLS_START_HOOK:
            IOLoop.current().add_callback(self._start_jupyter_server_extension, server)

    def _configure(self) -> None:
        """Take settings and credential. What is wrong with them is kept, and told by the host that cannot open."""
        try:
            self.agent_host = AgentHost(parent=self)
            self.agent_host.take_upstream()
            self.agent_host.take_places(hidden=self.agent_host.hide_key_from_kernels)
        except TraitError as err:
            # Whether the key may stay is unknown then, so it goes.
            hide_credentials(os.environ)
            self._config_error = ConfigError(f"A setting of AgentHost is wrong: {err}")
        except ConfigError as err:
            self._config_error = err

    def initialize_handlers(self) -> None:
        """Add the routes of `routes`."""
        self.handlers.extend(ROUTES)

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:  # noqa: ARG002 - the hook's form
        """Jupyter's hook: the event loop runs now. The host opens in its own task, so that nobody waits for it."""
        self.documents.take_part_in_saves()  # of a contents manager that an extension after this one put in its place
        self._renames.listen(self._events)
        self.notebooks.listen(self._events)
        self._interrupt.install()
        self.host.start()

    async def stop_extension(self) -> None:
        """Jupyter's hook: the server stops. Sandboxes end, or are left for the next start, as the host decides."""
        self.service.end_streams()
        await self.documents.verify()
        self.documents.detach()
        await self.host.stop()
        await self.service.answered()
        self._interrupt.remove()

    def current_activity(self) -> bool:
        """Whether an agent works now; a server with `shutdown_no_activity_timeout` then stays up."""
        return self.host.running is not None and self.host.running.current_activity()

    def _open_host(self) -> AbstractAsyncContextManager[Manager]:
        if self._config_error is not None:
            raise self._config_error
        return open_configured_host(
            self.agent_host,
            notebook_secret=secret_of(self.server.contents_manager.notary),
            notebooks=self.notebooks,
            root=Path(self._contents.root()),
        )

    async def _prepare(self, manager: Manager) -> None:
        manager.on_envelope(self.documents.prepared)
        manager.services.network.audit.listeners.append(self._audit)
        for row in await manager.services.journal.list_notebooks():
            self.documents.remember(row.path, row.notebook_id)
        self.documents.attach(manager)

    async def _while_open(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.notebooks.kernels.serve)
            tasks.start_soon(self._note_activity)
            tasks.start_soon(self._follow_contents_manager)
            await self.documents.publish_prepared()

    async def _note_activity(self) -> None:
        """Say when an agent worked last, to who looks at that: JupyterHub's culler, `api/status`, the metrics."""
        times = self.server.web_app.settings["last_activity_times"]
        while True:
            if self.current_activity():
                times[self.name] = datetime.now(UTC)
            await anyio.sleep(_ACTIVITY_SECONDS)

    async def _follow_contents_manager(self) -> None:
        """Any extension may replace it at any time. This is for saves before the next turn; a turn looks as well."""
        while True:
            self.documents.take_part_in_saves()
            await anyio.sleep(_CONTENTS_SECONDS)

    def _audit(self, record: AuditRecord) -> None:
        self._events.emit(schema_id=AUDIT_EVENT, data=msgspec.to_builtins(record))

    def _announce(self, notebook_id: str, api_path: str) -> None:
        self._events.emit(schema_id=ENVELOPE_EVENT, data={"notebook_id": notebook_id, "path": api_path})


class OrderlyInterrupt:
    """Makes the first SIGINT stop the server as SIGTERM does. A second one is Python's again.

    JupyterHub, and scripts, stop servers that have no terminal with SIGINT.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        """`stop` is called in a signal handler."""
        self._stop = stop

    def install(self) -> None:
        """Take the signal, if nobody has. Only a process's main thread can."""
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)

    def remove(self) -> None:
        """Give the signal back. Idempotent."""
        if signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the handler's form
        self.remove()
        self._stop()
