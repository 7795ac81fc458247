"""The sandboxes that one provider object started, and the tidying up after hosts that were killed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from jupyter_agent_host.providers.common.cgroup import CgroupPlace, find_place, remove_leftovers
from jupyter_agent_host.providers.common.child_process import Child
from jupyter_agent_host.providers.common.child_sandbox import ChildSandbox
from jupyter_agent_host.providers.common.launch_child import ChildLaunch, Prepared, launch
from jupyter_agent_host.providers.common.run_folder import RunFolder, sweep
from jupyter_agent_host.sandbox.provider import Sandbox
from jupyter_agent_host.sandbox.spec import Isolation, SandboxSpec


class Fleet:
    """Children die with their host, so only this object's own can ever be found again."""

    def __init__(self, provider: str, base: Path) -> None:
        self._provider = provider
        self._base = base
        self._mine: list[ChildSandbox] = []
        self._cgroups: CgroupPlace | None = None
        self._ready = False
        self._preparing = anyio.Lock()

    async def cgroups(self) -> CgroupPlace | None:
        """Where control groups may be made. The first call also removes what killed hosts left."""
        async with self._preparing:
            if not self._ready:
                self._cgroups = await anyio.to_thread.run_sync(find_place)
                await anyio.to_thread.run_sync(sweep, self._base, partial(_forget, self._cgroups))
                self._ready = True
        return self._cgroups

    async def controllers(self) -> frozenset[str]:
        """What control groups will limit; empty where none can be made."""
        place = await self.cgroups()
        return place.controllers if place else frozenset()

    async def launch(
        self,
        spec: SandboxSpec,
        isolation: Isolation,
        prepare: Callable[[RunFolder], Prepared],
        end: Callable[[Child], Awaitable[None]],
    ) -> ChildSandbox:
        """As `launch`; the sandbox is remembered until it is destroyed."""
        place = await self.cgroups()
        sandbox = await launch(ChildLaunch(self._provider, isolation, self._base, place, prepare, end), spec)
        self._mine = [*(other for other in self._mine if not other.destroyed), sandbox]
        return sandbox

    def of_host(self, host_id: str) -> list[Sandbox]:
        """Those of that host id that were not destroyed, running or ended."""
        return [sandbox for sandbox in self._mine if sandbox.host_id == host_id and not sandbox.destroyed]

    async def aclose(self) -> None:
        """End all that is left: nobody could find it again, and it would live as long as this process. Idempotent."""
        async with anyio.create_task_group() as tasks:
            for sandbox in self._mine:
                tasks.start_soon(sandbox.destroy)


def _forget(place: CgroupPlace | None, name: str) -> None:
    if place is not None:
        remove_leftovers(place, name)
