"""Start a runner as a child process, under its limits, and wait until it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import anyio
import anyio.to_thread

from jupyter_agent_host.errors import ProviderUnavailableError, SandboxStartError
from jupyter_agent_host.protocol.runner_start import RunnerStart, encode_start
from jupyter_agent_host.providers.common.cgroup import Cgroup, CgroupPlace
from jupyter_agent_host.providers.common.child_process import Child
from jupyter_agent_host.providers.common.child_sandbox import ChildSandbox, Place
from jupyter_agent_host.providers.common.run_folder import RunFolder
from jupyter_agent_host.sandbox.spec import BindWorkspace, Isolation, OverlayWorkspace, SandboxSpec, WorkspaceMount

RUNNER_MODULE = "jupyter_agent_host.runner"

_GATE = ("/bin/sh", "-c", 'read -r _ && exec "$@"', "sh")
"""Holds the command back until the process is in its control group: one line on stdin opens it."""


Prepared = tuple[Sequence[str], Mapping[str, str], RunnerStart]
"""Argv, the process's environment, and the runner's orders."""


@dataclass(frozen=True)
class ChildLaunch:
    """How one provider starts its child.

    Attributes:
        base: where the sandbox's private folder is made.
        cgroups: where its control group is made, None for none.
        prepare: called in a worker thread with the fresh folder.
        end: asks a running child's whole tree to die.
    """

    provider: str
    isolation: Isolation
    base: Path
    cgroups: CgroupPlace | None
    prepare: Callable[[RunFolder], Prepared]
    end: Callable[[Child], Awaitable[None]]


def check_workspace(workspace: WorkspaceMount, provider: str, *, overlay: bool) -> None:
    """Refuse a workspace that a child cannot be given. Blocking, shortly.

    Raises:
        ProviderUnavailableError: it is an overlay, and there is no `overlay`.
        SandboxStartError: a folder of it does not exist.
    """
    folders: tuple[Path, ...] = ()
    if isinstance(workspace, OverlayWorkspace):
        if not overlay:
            raise ProviderUnavailableError(
                f"The {provider} provider cannot lay one folder over another here.", provider=provider
            )
        folders = (workspace.lower, workspace.upper, workspace.work)
    elif isinstance(workspace, BindWorkspace):
        folders = (workspace.source,)
    for folder in folders:
        if not folder.is_dir():
            raise SandboxStartError(f"The workspace {folder} is no folder.", provider=provider)


async def launch(plan: ChildLaunch, spec: SandboxSpec) -> ChildSandbox:
    """One sandbox whose runner answers. Cancelling or failing leaves nothing.

    Raises:
        SandboxStartError, SandboxOutOfMemoryError, VersionMismatchError: as `Provider.create`.
    """
    place = await anyio.to_thread.run_sync(_make_place, plan, spec)
    sandbox: ChildSandbox | None = None
    try:
        argv, environment, start = await anyio.to_thread.run_sync(plan.prepare, place.folder)
        child = await Child.spawn([*_GATE, *argv], environment)
        sandbox = ChildSandbox(spec, child, place, provider=plan.provider, isolation=plan.isolation, end=plan.end)
        if place.cgroup is not None:
            await anyio.to_thread.run_sync(place.cgroup.add, child.pid)
        child.feed(b"\n" + encode_start(start))
        await sandbox.wait_healthy(spec.token)
    except BaseException:
        with anyio.CancelScope(shield=True):
            if sandbox is not None:
                await sandbox.destroy()
            else:
                await anyio.to_thread.run_sync(place.clear)
        raise
    return sandbox


def _make_place(plan: ChildLaunch, spec: SandboxSpec) -> Place:
    folder = RunFolder.make(plan.base)
    try:
        group = Cgroup.make(plan.cgroups, folder.name, spec.limits) if plan.cgroups else None
        (folder.socket_folder / ".nonce").write_text(uuid4().hex)
    except BaseException:
        folder.remove()
        raise
    return Place(folder, group)
