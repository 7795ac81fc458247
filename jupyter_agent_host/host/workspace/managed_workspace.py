"""The workspace that the host drives: one call at a time, blocking halves in threads, errors in one kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread

from jupyter_agent_host.errors import WorkspaceError
from jupyter_agent_host.host.disk_quota import Layer
from jupyter_agent_host.host.disk_quota.measure_usage import measure
from jupyter_agent_host.host.workspace.files.remove_tree import remove_tree
from jupyter_agent_host.host.workspace.guards.file_grants import Grants
from jupyter_agent_host.host.workspace.modes.mode_choice import choose_flavour
from jupyter_agent_host.host.workspace.modes.workspace_mode import Flavour
from jupyter_agent_host.host.workspace.packages import installed_packages
from jupyter_agent_host.host.workspace.sync_state import Stamp, start_anew
from jupyter_agent_host.host.workspace.workspace_interface import Collected, Look, Workspace, WorkspaceRequest
from jupyter_agent_host.sandbox.spec import WorkspaceMount

T = TypeVar("T")

ENVIRONMENT_DIR = "env"
"""In the private folder: what the agent installs."""


def plan_workspace(request: WorkspaceRequest) -> Workspace:
    """A workspace for the request. Does no I/O: folder and state are looked at when it is first used."""
    return _PlannedWorkspace(request)


class _PlannedWorkspace:
    def __init__(self, request: WorkspaceRequest) -> None:
        self._request = request
        self._grants = list(request.grants)
        self._lock = anyio.Lock()
        self._flavour: Flavour | None = None
        self._layer: Layer | None = None
        self._held = False
        self._emptied = ""

    @property
    def folder(self) -> Path | None:
        folder = self._request.folder
        return folder / self._request.place if folder is not None and self.restricted else folder

    @property
    def private_dir(self) -> Path:
        return self._request.state_dir if self._layer is None else self._layer.folder

    @property
    def workdir(self) -> str:
        return self._request.place if self.mode != "private" and not self.restricted else ""

    @property
    def restricted(self) -> bool:
        return self._flavour is not None and self._flavour.restricted

    @property
    def mode(self) -> str:
        return self._flavour.mode if self._flavour is not None else self._request.settings.mode

    @property
    def note(self) -> str:
        return f"{self._emptied} {self._flavour.note}".strip() if self._flavour is not None else ""

    @property
    def masked(self) -> tuple[str, ...]:
        return self._flavour.masked if self._flavour is not None else ()

    @property
    def watched(self) -> bool:
        return self._layer is not None and self._layer.rung == "watch"

    @property
    def outdated(self) -> bool:
        return self._flavour is not None and self._flavour.outdated

    async def prepare(self) -> WorkspaceMount:
        # Chosen anew for each sandbox: the folder may have grown, and the provider may be another one.
        return await self._run(self._prepare)

    def _prepare(self) -> WorkspaceMount:
        self._emptied = self._empty_overfull()
        mount = self._choose().prepare(_check)
        if not self._held:
            self._hold()
        return mount

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

    async def installed(self) -> list[str]:
        return await self._run(lambda: installed_packages(self.private_dir / ENVIRONMENT_DIR))

    def grant(self, pattern: str) -> None:
        if pattern not in self._grants:
            self._grants.append(pattern)

    def revoke(self, pattern: str) -> None:
        if pattern in self._grants:
            self._grants.remove(pattern)

    async def overfull(self) -> str:
        layer = self._layer
        if layer is None or not self.watched:
            return ""
        # Not behind the lock: a long copy must not keep the watch from looking.
        return await anyio.to_thread.run_sync(lambda: _excess(layer))

    async def release(self) -> None:
        async with self._lock:
            if self._held:
                self._held = False
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._release_layer)

    async def discard(self) -> None:
        await self.release()
        async with self._lock:
            with _said():
                await anyio.to_thread.run_sync(lambda: remove_tree(self._request.state_dir))
            self._flavour = self._layer = None

    async def _run(self, work: Callable[[], T]) -> T:
        async with self._lock:
            with _said():
                return await anyio.to_thread.run_sync(lambda: self._with_layer(work))

    def _with_layer(self, work: Callable[[], T]) -> T:
        """Run it while the layer is acquired, which it is anyway while a sandbox uses it."""
        self._request.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._request.state_dir.chmod(0o700)
        layer = self._acquire()
        try:
            if layer != self._layer:
                self._layer, self._flavour = layer, None
            return work()
        finally:
            self._release_layer()

    def _hold(self) -> None:
        self._acquire()
        self._held = True

    def _acquire(self) -> Layer | None:
        request = self._request
        if request.layers is None or request.settings.mode == "bind" or not request.report.shared_filesystem:
            return None
        return request.layers.acquire(request.state_dir, crosses=request.report.sees_mounts)

    def _release_layer(self) -> None:
        if self._layer is not None and self._request.layers is not None:
            self._request.layers.release(self._request.state_dir)

    def _empty_overfull(self) -> str:
        """A layer that was stopped for its size would be stopped again: it begins anew. What was said, for the note."""
        layer = self._layer
        if layer is None or layer.rung != "watch" or self._held or not _excess(layer):
            return ""
        start_anew(layer.state, layer.folder)
        for place in (*layer.folder.glob("earlier-*"), layer.folder / "private", layer.folder / ENVIRONMENT_DIR):
            remove_tree(place)
        self._flavour = None
        return "The agent's private files had passed the disk limit and were removed."

    def _choose(self) -> Flavour:
        layer = self._layer
        state = self._request.state_dir if layer is None else layer.state
        self._flavour = choose_flavour(replace(self._request, state_dir=state, layer=layer), _check)
        return self._flavour

    def _chosen(self) -> Flavour:
        if self._flavour is None:
            self._choose().prepare(_check)
        assert self._flavour is not None  # noqa: S101 - set by _choose
        return self._flavour


def _check() -> None:
    anyio.from_thread.check_cancelled()


def _excess(layer: Layer) -> str:
    trees = [layer.folder / name for name in ("copy", "upper", "private", ENVIRONMENT_DIR)]
    use = measure(trees, layer.limits, _check)
    if not use.passes(layer.limits):
        return ""
    return (
        f"The agent's private files passed {layer.limits.words()}, the most that a sandbox may hold here, and it was"
        " stopped. The conversation is kept, and so is all that was copied to your folder; the next prompt begins with"
        " fresh private files. Raise AgentHost.disk_limit if the work needs more."
    )


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise WorkspaceError(f"The agent's workspace cannot be used: {_words(err)}.") from err


def _words(err: OSError) -> str:
    return f"{err.strerror or err} ({err.filename})" if err.filename is not None else str(err.strerror or err)
