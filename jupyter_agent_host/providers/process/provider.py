"""The `process` provider: a plain process tree of the person's own user. It isolates nothing, and says so.

For places whose own boundary is enough, such as Binder's container. Everything the server's user may do, the agent
may do. What it has of its own: a session, a scrubbed environment, a home and a temporary folder, resource limits.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path

from jupyter_agent_host.errors import ProviderUnavailableError
from jupyter_agent_host.protocol.runner_start import RunnerStart
from jupyter_agent_host.providers.common.child_process import Child
from jupyter_agent_host.providers.common.launch_child import RUNNER_MODULE, Prepared, check_workspace
from jupyter_agent_host.providers.common.python_interpreter import this_interpreter
from jupyter_agent_host.providers.common.resource_limits import disk_note, limit_notes, rlimits
from jupyter_agent_host.providers.common.run_folder import RunFolder, scratch_base
from jupyter_agent_host.providers.common.started_sandboxes import Fleet
from jupyter_agent_host.providers.process import child_supervisor
from jupyter_agent_host.sandbox.provider import Sandbox
from jupyter_agent_host.sandbox.spec import BindWorkspace, Isolation, ProviderReport, SandboxSpec

NAME = "process"
_END_SECONDS = 10


class ProcessProvider:
    """See `sandbox.provider.Provider`. A sandbox ends with the host, so `reattach` finds only this object's own.

    `run_dir` is where the private folders of sandboxes are made, a short path; by default the temporary folder.
    `SandboxSpec.stream` and `SandboxSpec.user` have no effect: there is one file system and one user.
    """

    name = NAME

    def __init__(self, run_dir: str = "") -> None:
        self._fleet = Fleet(NAME, Path(run_dir) if run_dir else scratch_base())

    async def probe(self) -> ProviderReport:
        """Available on Linux; see `Provider.probe`."""
        if not sys.platform.startswith("linux"):
            return ProviderReport(provider=NAME, available=False, reason="The process provider needs Linux.")
        controllers = await self._fleet.controllers()
        owner = (os.getuid(), os.getgid())
        return ProviderReport(
            provider=NAME,
            available=True,
            reason="Agents can run as plain processes of this user, not isolated from anything.",
            isolation=_isolation(controllers),
            file_owner=owner,
            sandbox_user=owner,
            details={"control groups": ", ".join(sorted(controllers)) or "none can be made"},
        )

    async def create(self, spec: SandboxSpec) -> Sandbox:
        """Start one; see `Provider.create`. `/workspace` is the real path of the folder."""
        if not sys.platform.startswith("linux"):
            raise ProviderUnavailableError("The process provider needs Linux.", provider=NAME)
        check_workspace(spec.workspace, NAME, overlay=False)
        controllers = await self._fleet.controllers()
        isolation = _isolation(controllers, disk_note(spec.workspace))
        return await self._fleet.launch(spec, isolation, partial(_prepare, spec, controllers), _end)

    async def reattach(self, host_id: str) -> list[Sandbox]:
        """Those that this object started; others died with their host."""
        return self._fleet.of_host(host_id)

    async def aclose(self) -> None:
        """End what is left: a sandbox of this provider cannot outlive its host. Idempotent."""
        await self._fleet.aclose()


def _isolation(controllers: frozenset[str], limit: str = "") -> Isolation:
    notes = (
        "the agent is a plain process: it can read, write and reach whatever the server's user can",
        *limit_notes(controllers),
        *((limit,) if limit else ()),
    )
    return Isolation(level="none", phrase="not isolated", notes=notes)


def _prepare(spec: SandboxSpec, controllers: frozenset[str], folder: RunFolder) -> Prepared:
    home, temporary, scratch = (folder.path / name for name in ("home", "tmp", "work"))
    for made in (home, temporary, scratch):
        made.mkdir(mode=0o700)
    workdir = spec.workspace.source if isinstance(spec.workspace, BindWorkspace) else scratch
    limits = ",".join(
        f"{name}={value}" for name, value in rlimits(spec.limits, controllers, user_namespace=False).items()
    )
    keeper = [sys.executable, "-I", "-S", str(Path(child_supervisor.__file__)), limits]
    environment = {
        "LANG": "C.UTF-8",
        **spec.environment,
        "PATH": os.pathsep.join((str(Path(sys.prefix, "bin")), "/usr/local/bin", "/usr/bin", "/bin")),
        "HOME": str(home),
        "TMPDIR": str(temporary),
    }
    start = RunnerStart(
        token=spec.token,
        socket_path=str(folder.socket),
        require_outside_peer=False,
        workdir=str(workdir / spec.workdir),
        config_dir=str(home / ".claude"),
    )
    return [*keeper, *this_interpreter().run_module(RUNNER_MODULE)], environment, start


async def _end(child: Child) -> None:
    child.send_signal(signal.SIGTERM)
    if not await child.wait(_END_SECONDS):
        child.send_signal_group(signal.SIGKILL)
