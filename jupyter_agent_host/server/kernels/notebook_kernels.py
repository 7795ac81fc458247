"""The kernels of notebooks by path, over this server's sessions."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import TaskGroup
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
from jupyter_server.services.sessions.sessionmanager import KernelName, ModelName, SessionManager

from jupyter_agent_host.errors import NotebookUnavailableError
from jupyter_agent_host.host.notebook.kernel_interface import Execution, Interrupted, KernelStatus, OnOutput, RunRequest
from jupyter_agent_host.server.documents.notebook_file import read_notebook_file
from jupyter_agent_host.server.documents.notebook_paths import NotebookPaths
from jupyter_agent_host.server.kernels.kernel_connection import KernelLink
from jupyter_agent_host.server.kernels.kernel_execution import LinkedKernel

logger = logging.getLogger(__name__)

_NONE = "The notebook has no running kernel. Start it by running code or a cell."


class NotebookKernels:
    """Lines to kernels, made when first needed and given up with their kernel."""

    def __init__(self, server: Any, paths: NotebookPaths) -> None:
        """`server`: the `ServerApp`. Its managers are looked up for each use: another extension may replace them."""
        self._server = server
        self._paths = paths
        self._linked: dict[str, LinkedKernel] = {}
        self._linking = anyio.Lock()
        self._starting = anyio.Lock()
        self._tasks: TaskGroup | None = None

    @property
    def _kernels(self) -> MappingKernelManager:
        return cast(MappingKernelManager, self._server.kernel_manager)

    @property
    def _sessions(self) -> SessionManager:
        return cast(SessionManager, self._server.session_manager)

    async def serve(self) -> None:
        """Hold the lines until cancelled."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                await anyio.sleep_forever()
            finally:
                self._tasks = None

    def kernel(self, absolute_path: str) -> ServerKernel:
        """The kernel of the notebook at this path; whether there is one shows when it is used."""
        return ServerKernel(self, absolute_path)

    async def session(self, absolute_path: str) -> Mapping[str, Any] | None:
        """The notebook's session with a kernel that is there."""
        path = self._paths.api(absolute_path)
        sessions: list[dict[str, Any]] = await self._sessions.list_sessions()  # type: ignore[no-untyped-call]
        for session in sessions:
            if session["type"] == "notebook" and session["path"] == path and session["kernel"]["id"] in self._kernels:
                return session
        return None

    async def linked(self, kernel_id: str) -> LinkedKernel:
        """The line to a kernel, connected.

        Raises:
            NotebookUnavailableError: it does not answer, or is on another machine.
        """
        async with self._linking:
            linked = self._linked.get(kernel_id)
            if linked is None or linked.link.closed.is_set():
                linked = self._linked[kernel_id] = self._link(kernel_id)
        await linked.link.connected()
        return linked

    def _link(self, kernel_id: str) -> LinkedKernel:
        manager = self._kernels.get_kernel(kernel_id)
        if getattr(manager, "session", None) is None or self._tasks is None:
            raise NotebookUnavailableError("This kernel runs behind a gateway, where the agent cannot reach it.")
        link = KernelLink(manager)
        self._tasks.start_soon(self._hold, kernel_id, link)
        return LinkedKernel(link)

    async def _hold(self, kernel_id: str, link: KernelLink) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._close_with, kernel_id, link)
                await link.run()
                tasks.cancel_scope.cancel()
        except Exception:  # one kernel's line must not end those of others
            logger.exception("the line to kernel %s broke", kernel_id)
        finally:
            self._linked.pop(kernel_id, None)

    async def _close_with(self, kernel_id: str, link: KernelLink) -> None:
        while kernel_id in self._kernels:  # noqa: ASYNC110 - the manager tells nobody
            await anyio.sleep(1)
        link.close()

    async def start(self, absolute_path: str, kernel_name: str) -> None:
        """Give the notebook a session, as a page that opens it would.

        Raises:
            NotebookUnavailableError: its kernel does not start.
        """
        async with self._starting:
            if await self.session(absolute_path) is not None:
                return
            path = self._paths.api(absolute_path)
            try:
                await self._sessions.create_session(
                    path=path,
                    name=ModelName(path.rpartition("/")[2]),
                    type="notebook",
                    kernel_name=KernelName(kernel_name) if kernel_name else None,
                )
            except Exception as err:  # whatever a kernel's own start may raise
                raise NotebookUnavailableError(f"The notebook's kernel does not start: {err}") from err

    async def restart(self, kernel_id: str) -> None:
        """Restart a kernel and wait for it.

        Raises:
            NotebookUnavailableError: it does not come back.
        """
        try:
            await self._kernels.restart_kernel(kernel_id)  # type: ignore[no-untyped-call]
        except Exception as err:  # whatever a kernel's own start may raise
            raise NotebookUnavailableError(f"The kernel does not restart: {err}") from err
        linked = self._linked.pop(kernel_id, None)
        if linked is not None:
            linked.link.close()
        await self.linked(kernel_id)

    async def python(self, absolute_path: str) -> str:
        """The interpreter that the notebook's kernel runs, else the one that the server's default kernel would."""
        session = await self.session(absolute_path) if absolute_path else None
        name = session["kernel"]["name"] if session is not None else self._kernels.default_kernel_name
        specs = self._kernels.kernel_spec_manager
        if specs is None:  # a gateway's kernels are elsewhere
            return ""
        try:
            spec = await anyio.to_thread.run_sync(specs.get_kernel_spec, name)
        except NoSuchKernel:
            return ""
        program = spec.argv[0] if spec.argv else ""
        if not Path(program).name.startswith("python"):
            return ""
        # As jupyter_client starts it: a bare name is this server's own interpreter.
        return program if Path(program).is_absolute() else sys.executable

    async def preferred_name(self, absolute_path: str) -> str:
        """The kernelspec that the notebook's file names; "" for the server's default."""
        return await anyio.to_thread.run_sync(_kernel_name, absolute_path)


class ServerKernel:
    """See `NotebookKernel`."""

    def __init__(self, kernels: NotebookKernels, path: str) -> None:
        self._all = kernels
        self._path = path

    async def status(self) -> KernelStatus:
        session = await self._all.session(self._path)
        if session is None:
            return KernelStatus()
        linked = await self._all.linked(session["kernel"]["id"])
        return linked.status(session["kernel"]["id"], session["kernel"]["name"])

    async def start(self) -> KernelStatus:
        if await self._all.session(self._path) is None:
            await self._all.start(self._path, await self._all.preferred_name(self._path))
        return await self.status()

    async def execute(self, request: RunRequest, on_output: OnOutput) -> Execution:
        return await (await self.line()).execute(request, on_output)

    async def look(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return await (await self.line()).look(request)

    async def interrupt(self) -> Interrupted:
        return await (await self.line()).interrupt()

    async def restart(self) -> None:
        session = await self._session()
        await self._all.restart(session["kernel"]["id"])

    async def line(self) -> LinkedKernel:
        """The line to the kernel that the notebook has now.

        Raises:
            NotebookUnavailableError: it has none.
        """
        return await self._all.linked((await self._session())["kernel"]["id"])

    async def _session(self) -> Mapping[str, Any]:
        session = await self._all.session(self._path)
        if session is None:
            raise NotebookUnavailableError(_NONE)
        return session


class _Spec(msgspec.Struct):
    name: str = ""


class _Metadata(msgspec.Struct):
    kernelspec: _Spec = msgspec.field(default_factory=_Spec)


class _Notebook(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


def _kernel_name(absolute_path: str) -> str:
    try:
        found = read_notebook_file(absolute_path)
        return msgspec.json.decode(found[1], type=_Notebook).metadata.kernelspec.name if found else ""
    except (OSError, msgspec.DecodeError, RecursionError):
        return ""
