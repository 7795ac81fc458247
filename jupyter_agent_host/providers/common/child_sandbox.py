"""A sandbox that is a child process of this host: what `local` and `process` have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import ByteStream

from jupyter_agent_host.errors import SandboxError, SandboxGoneError, SandboxOutOfMemoryError, SandboxStartError
from jupyter_agent_host.providers.common.cgroup import Cgroup
from jupyter_agent_host.providers.common.child_process import Child
from jupyter_agent_host.providers.common.process_tree import tree_stats
from jupyter_agent_host.providers.common.run_folder import RunFolder
from jupyter_agent_host.sandbox.spec import ExitState, Isolation, SandboxSpec, SandboxStats
from jupyter_agent_host.sandbox.unix_stream import connect_unix, wait_healthy

_KILLED = 137
_START_SECONDS = 60
_CLEANUP_SECONDS = 30


@dataclass(frozen=True)
class Place:
    """What one sandbox has on the host: its folder, and its control group where there is one."""

    folder: RunFolder
    cgroup: Cgroup | None

    def clear(self) -> None:
        """Kill what is left in the control group and remove both. Blocking, bounded. Idempotent."""
        try:
            if self.cgroup is not None:
                self.cgroup.kill()
                self.cgroup.remove()
        finally:
            self.folder.remove()


class ChildSandbox:
    """One child process tree with a runner in it; see `sandbox.provider.Sandbox`.

    `end` asks the tree to die and returns once that has been asked; `destroy` waits for it.
    """

    def __init__(
        self,
        spec: SandboxSpec,
        child: Child,
        place: Place,
        *,
        provider: str,
        isolation: Isolation,
        end: Callable[[Child], Awaitable[None]],
    ) -> None:
        self.id = f"{provider}-{place.folder.name.partition('-')[2]}"
        self.provider = provider
        self.host_id = spec.host_id
        self.notebook_id = spec.notebook_id
        self.session_id = spec.session_id
        self.isolation = isolation
        self.pid = child.pid
        self._child = child
        self._place = place
        self._end = end
        self._limits = spec.limits
        self._ended: ExitState | None = None
        self._destroying = anyio.Lock()
        self._destroyed = False

    @property
    def socket(self) -> Path:
        return self._place.folder.socket

    @property
    def destroyed(self) -> bool:
        return self._destroyed

    async def connect(self) -> ByteStream:
        """One more stream to the runner; see `Sandbox.connect`."""
        if self._destroyed or self._child.exit_code is not None:
            raise SandboxGoneError("The sandbox has ended.", provider=self.provider)
        return await connect_unix(self.socket, provider=self.provider)

    async def wait_healthy(self, token: str) -> None:
        """Wait until the runner answers.

        Raises:
            SandboxStartError, SandboxOutOfMemoryError: it died first, or did not answer within a minute.
        """
        await wait_healthy(self.connect, token, self._death, timeout_seconds=_START_SECONDS)

    async def exit_state(self) -> ExitState | None:
        """None while it runs; see `Sandbox.exit_state`."""
        code = self._child.exit_code
        if self._ended is None and code is not None:
            oom = code == _KILLED and await self._oom_kills() > 0
            detail = "killed at its memory limit" if oom else self._child.tail(1).strip()
            self._ended = ExitState(exit_code=code, oom_killed=oom, detail=detail)
        return self._ended

    async def logs(self, tail: int = 200) -> str:
        """The last lines it wrote, also after its end."""
        return self._child.tail(tail)

    async def stats(self) -> SandboxStats:
        """Use now, from the control group or else summed over the process tree."""
        if self._destroyed or self._child.exit_code is not None:
            return SandboxStats()
        return await anyio.to_thread.run_sync(self._stats)

    def _stats(self) -> SandboxStats:
        """What the control group cannot tell, since a controller is not there, is summed over the tree. Blocking."""
        if self._place.cgroup is None:
            return tree_stats(self.pid)
        told = self._place.cgroup.stats()
        if told.mem_bytes is not None and told.cpu_seconds is not None:
            return told
        summed = tree_stats(self.pid)
        return SandboxStats(
            mem_bytes=summed.mem_bytes if told.mem_bytes is None else told.mem_bytes,
            cpu_seconds=summed.cpu_seconds if told.cpu_seconds is None else told.cpu_seconds,
            pids=told.pids,
        )

    async def destroy(self) -> None:
        """Kill it with all its descendants and remove its folder and control group. Idempotent.

        Raises:
            SandboxError: something outlived it; said once, what can be removed is.
        """
        with anyio.CancelScope(shield=True):
            async with self._destroying:
                if not self._destroyed:
                    await self._destroy()

    async def _destroy(self) -> None:
        ours = self._child.exit_code is None
        if ours:
            await self._end(self._child)
        gone = await self._child.wait(_CLEANUP_SECONDS)
        if ours and gone:
            self._ended = ExitState(exit_code=self._child.exit_code, detail="ended by the host")
        await self.exit_state()
        self._child.close()
        self._destroyed = True
        await anyio.to_thread.run_sync(self._place.clear)
        if not gone:
            raise SandboxError(f"The sandbox {self.id} (pid {self.pid}) did not end.", provider=self.provider)

    async def _oom_kills(self) -> int:
        group = self._place.cgroup
        return 0 if group is None else await anyio.to_thread.run_sync(group.oom_kills)

    async def _death(self) -> SandboxError | None:
        state = await self.exit_state()
        if state is None:
            return None
        if state.oom_killed:
            mib = self._limits.mem_bytes // 2**20
            return SandboxOutOfMemoryError(
                f"The sandbox needs more than its {mib} MiB of memory to start: raise mem_limit.",
                provider=self.provider,
            )
        words = self._child.tail(5).strip() or "it said nothing"
        return SandboxStartError(
            f"The sandbox ended at its start (exit code {state.exit_code}): {words}", provider=self.provider
        )
