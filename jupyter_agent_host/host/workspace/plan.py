"""The workspace that the host drives: one call at a time, blocking halves in threads, errors in one kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread

from jupyter_agent_host.errors import WorkspaceError
from jupyter_agent_host.host.workspace.choose import choose_flavour
from jupyter_agent_host.host.workspace.flavour import Flavour
from jupyter_agent_host.host.workspace.grants import Grants
from jupyter_agent_host.host.workspace.interface import Collected, Look, Workspace, WorkspaceRequest
from jupyter_agent_host.host.workspace.ledger import Stamp
from jupyter_agent_host.host.workspace.remove import remove_tree
from jupyter_agent_host.sandbox.spec import WorkspaceMount

T = TypeVar("T")


def plan_workspace(request: WorkspaceRequest) -> Workspace:
    """A workspace for the request. Does no I/O: folder and state are looked at when it is first used."""
    return _PlannedWorkspace(request)


class _PlannedWorkspace:
    def __init__(self, request: WorkspaceRequest) -> None:
        self._request = request
        self._grants = list(request.grants)
        self._lock = anyio.Lock()
        self._flavour: Flavour | None = None

    @property
    def mode(self) -> str:
        return self._flavour.mode if self._flavour is not None else self._request.settings.mode

    @property
    def note(self) -> str:
        return self._flavour.note if self._flavour is not None else ""

    @property
    def masked(self) -> tuple[str, ...]:
        return self._flavour.masked if self._flavour is not None else ()

    async def prepare(self) -> WorkspaceMount:
        # Chosen anew for each sandbox: the folder may have grown, and the provider may be another one.
        return await self._run(lambda: self._choose().prepare(_check))

    async def refresh(self) -> None:
        await self._run(lambda: self._chosen().refresh(_check))

    async def collect(self) -> Collected:
        return await self._run(lambda: self._chosen().collect(Grants(tuple(self._grants)), _check))

    async def accept(self, stamps: Mapping[str, Stamp | None], *, over_mine: bool = False) -> Collected:
        grants = Grants(tuple(self._grants), dict(stamps), over_mine)
        return await self._run(lambda: self._chosen().collect(grants, _check))

    async def look(self, path: str) -> Look:
        return await self._run(lambda: self._chosen().look(path, _check))

    async def revert(self, paths: Sequence[str]) -> None:
        await self._run(lambda: self._chosen().revert(paths, _check))

    def grant(self, pattern: str) -> None:
        if pattern not in self._grants:
            self._grants.append(pattern)

    def revoke(self, pattern: str) -> None:
        if pattern in self._grants:
            self._grants.remove(pattern)

    async def discard(self) -> None:
        await self._run(lambda: remove_tree(self._request.state_dir))
        self._flavour = None

    async def _run(self, work: Callable[[], T]) -> T:
        async with self._lock:
            try:
                return await anyio.to_thread.run_sync(work)
            except OSError as err:
                raise WorkspaceError(f"The agent's workspace cannot be used: {_words(err)}.") from err

    def _choose(self) -> Flavour:
        self._request.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._request.state_dir.chmod(0o700)
        self._flavour = choose_flavour(self._request, _check)
        return self._flavour

    def _chosen(self) -> Flavour:
        if self._flavour is None:
            self._choose().prepare(_check)
        assert self._flavour is not None  # noqa: S101 - set by _choose
        return self._flavour


def _check() -> None:
    anyio.from_thread.check_cancelled()


def _words(err: OSError) -> str:
    return f"{err.strerror or err} ({err.filename})" if err.filename is not None else str(err.strerror or err)
