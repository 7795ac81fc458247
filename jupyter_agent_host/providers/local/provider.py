"""The `local` provider: bubblewrap (https://github.com/containers/bubblewrap), the default where no engine answers.

No network, a read-only system, a home, temporary folder and process space of its own; only the workspace is writable.
A sandbox dies with the thread that started it, so nothing is left to be reattached after a restart.
"""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from jupyter_agent_host.errors import ProviderUnavailableError
from jupyter_agent_host.protocol.runner_start import RunnerStart
from jupyter_agent_host.providers.common.child_process import Child
from jupyter_agent_host.providers.common.launch_child import RUNNER_MODULE, Prepared, check_workspace
from jupyter_agent_host.providers.common.process_tree import children
from jupyter_agent_host.providers.common.python_interpreter import this_interpreter
from jupyter_agent_host.providers.common.resource_limits import disk_note, limit_notes, rlimits
from jupyter_agent_host.providers.common.run_folder import SOCKET_NAME, RunFolder, socket_base
from jupyter_agent_host.providers.common.started_sandboxes import Fleet
from jupyter_agent_host.providers.local.bwrap_command import SOCKET_FOLDER, Box
from jupyter_agent_host.providers.local.bwrap_probe import WORKS, Found, look
from jupyter_agent_host.providers.local.seccomp_filter import filter_program
from jupyter_agent_host.providers.local.system_mounts import private_folders
from jupyter_agent_host.sandbox.provider import Sandbox
from jupyter_agent_host.sandbox.python import start_command
from jupyter_agent_host.sandbox.spec import (
    Isolation,
    Limits,
    ProviderReport,
    SandboxSpec,
)

NAME = "local"
_ROOTS_USER = 1000
_END_SECONDS = 5


class LocalProvider:
    """See `sandbox.provider.Provider`. `bwrap` is the program's name or path.

    `run_dir` is where the private folders of sandboxes are made, a short path; by default XDG_RUNTIME_DIR, else the
    temporary folder.

    `SandboxSpec.stream` has no effect: host and sandbox always share the socket's folder.
    """

    name = NAME

    def __init__(self, bwrap: str = "bwrap", run_dir: str = "") -> None:
        self._bwrap = bwrap
        self._fleet = Fleet(NAME, Path(run_dir) if run_dir else socket_base())
        self._found: Found | None = None
        self._looking = anyio.Lock()

    async def probe(self) -> ProviderReport:
        """Try what the kernel permits, anew at each call; see `Provider.probe`."""
        async with self._looking:
            found = self._found = await anyio.to_thread.run_sync(look, self._bwrap, _sandbox_user())
        controllers = await self._fleet.controllers()
        rung = found.rung
        return ProviderReport(
            provider=NAME,
            available=rung is not None,
            reason=f"Bubblewrap {found.version} works with {rung.name}." if rung else found.reason,
            isolation=_isolation(rung.note, controllers) if rung else None,
            overlay=found.overlay == WORKS,
            file_owner=(os.getuid(), os.getgid()),
            sandbox_user=_sandbox_user(),
            details={
                "bwrap": f"{found.bwrap} {found.version}".strip(),
                **found.tried,
                "overlay": found.overlay or "not tried",
                "control groups": ", ".join(sorted(controllers)) or "none can be made",
            },
        )

    async def create(self, spec: SandboxSpec) -> Sandbox:
        """Start one; see `Provider.create`. The user inside may be any but 0; files belong to this host's user."""
        found = await self._look_once()
        if found.rung is None:
            raise ProviderUnavailableError(found.reason, provider=NAME)
        check_workspace(spec.workspace, NAME, overlay=found.overlay == WORKS)
        controllers = await self._fleet.controllers()
        isolation = _isolation(found.rung.note, controllers, disk_note(spec.workspace))
        return await self._fleet.launch(spec, isolation, partial(_prepare, spec, found, controllers), _end)

    async def reattach(self, host_id: str) -> list[Sandbox]:
        """Those that this object started; others died with their host."""
        return self._fleet.of_host(host_id)

    async def aclose(self) -> None:
        """End what is left: a sandbox of this provider cannot outlive its host. Idempotent."""
        await self._fleet.aclose()

    async def _look_once(self) -> Found:
        async with self._looking:
            if self._found is None:
                self._found = await anyio.to_thread.run_sync(look, self._bwrap, _sandbox_user())
            return self._found


def _sandbox_user() -> tuple[int, int]:
    return os.getuid() or _ROOTS_USER, os.getgid() or _ROOTS_USER


def _isolation(note: str, controllers: frozenset[str], limit: str = "") -> Isolation:
    notes = (
        *((note,) if note else ()),
        *(() if filter_program() else ("system calls are not filtered: the list is not known for this processor",)),
        *limit_notes(controllers),
        "the home and /tmp are memory, each up to half of the memory limit",
        *((limit,) if limit else ()),
    )
    return Isolation(level="namespaces", phrase="bubblewrap, no network", notes=notes)


def _prepare(spec: SandboxSpec, found: Found, controllers: frozenset[str], folder: RunFolder) -> Prepared:
    assert found.rung is not None  # noqa: S101 - see create
    box = Box(
        bwrap=found.bwrap,
        proc=found.rung.arguments,
        folder=folder.path,
        socket_folder=folder.socket_folder,
        interpreter=this_interpreter(),
        private=private_folders(),
        workspace=spec.workspace,
        user=spec.user,
        environment=spec.environment,
        scratch_bytes=spec.limits.mem_bytes // 2,
        python=spec.python,
    )
    runner = box.interpreter.run_module(RUNNER_MODULE)
    if spec.python is not None:
        own = str(box.interpreter.executable)
        runner = start_command(spec.python, (own, "-I", "-S"), (own,), runner)
    start = RunnerStart(token=spec.token, socket_path=f"{SOCKET_FOLDER}/{SOCKET_NAME}", workdir=spec.start_folder)
    return box.command([*_prlimit(spec.limits, controllers), *runner]), {}, start


def _prlimit(limits: Limits, controllers: frozenset[str]) -> list[str]:
    """Set inside, since there RLIMIT_NPROC counts this sandbox alone."""
    values = rlimits(limits, controllers, user_namespace=True)
    return ["prlimit", *(f"--{name.lower()}={value}" for name, value in values.items()), "--"]


async def _end(child: Child) -> None:
    """Kill the first process inside: bwrap itself ends when all that was in its process space is gone."""
    for pid in await anyio.to_thread.run_sync(children, child.pid):
        _kill(pid)
    if not await child.wait(_END_SECONDS):
        child.send_signal(signal.SIGKILL)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
