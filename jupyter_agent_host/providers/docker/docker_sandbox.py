"""One container with a runner in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, Lock, to_thread
from anyio.abc import ByteStream

from jupyter_agent_host.container_engine.engine import Engine
from jupyter_agent_host.container_engine.engine_errors import PROVIDER
from jupyter_agent_host.errors import SandboxGoneError, SandboxOutOfMemoryError
from jupyter_agent_host.providers.docker import container_operations as calls
from jupyter_agent_host.providers.docker.container_arguments import StreamMode
from jupyter_agent_host.providers.docker.exec_relay import RelayPool
from jupyter_agent_host.providers.docker.sandbox_folder import SandboxFolder
from jupyter_agent_host.providers.docker.workspace_mounts import remove_volumes
from jupyter_agent_host.sandbox.spec import ExitState, Isolation, SandboxStats
from jupyter_agent_host.sandbox.unix_stream import connect_unix

T = TypeVar("T")

_CALLS = CapacityLimiter(32)


async def in_thread(function: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """Run a blocking engine call; a cancelled caller waits for it, so that no half-made thing is forgotten."""
    return await to_thread.run_sync(partial(function, *arguments, **options), limiter=_CALLS)


@dataclass(frozen=True)
class SandboxParts:
    """What a sandbox is made of; enough to reach and to remove it, also by a host that did not make it."""

    container: str
    notebook_id: str
    session_id: str
    mode: StreamMode
    folder: SandboxFolder
    volumes: tuple[str, ...] = field(default=())


class DockerSandbox:
    """See `sandbox.provider.Sandbox`."""

    def __init__(self, engine: Engine, parts: SandboxParts, isolation: Isolation, *, spares: int) -> None:
        self._engine = engine
        self._parts = parts
        self._isolation = isolation
        self._relays = RelayPool(partial(calls.dial_relay, engine.client, parts.container), spares)
        self._last_exit: ExitState | None = None
        self._destroying = Lock()
        self._destroyed = False

    @property
    def id(self) -> str:
        return self._parts.container

    @property
    def provider(self) -> str:
        return PROVIDER

    @property
    def notebook_id(self) -> str:
        return self._parts.notebook_id

    @property
    def session_id(self) -> str:
        return self._parts.session_id

    @property
    def isolation(self) -> Isolation:
        return self._isolation

    @property
    def stream_mode(self) -> StreamMode:
        """How `connect` reaches the runner."""
        return self._parts.mode

    async def connect(self) -> ByteStream:
        """See `Sandbox.connect`. Raises SandboxOutOfMemoryError where that is why it is gone."""
        try:
            if self._parts.mode == "exec":
                return await self._relays.connect()
            return await connect_unix(self._parts.folder.socket, provider=PROVIDER)
        except SandboxGoneError as err:
            state = await self.exit_state()
            if state is not None and state.oom_killed:
                raise SandboxOutOfMemoryError("The sandbox ran out of memory.", provider=PROVIDER) from err
            raise

    async def exit_state(self) -> ExitState | None:
        if self._last_exit is None:
            engine = self._engine
            self._last_exit = await in_thread(
                calls.read_exit_state, engine.client, self._parts.container, podman=engine.podman
            )
        return self._last_exit

    async def logs(self, tail: int = 200) -> str:
        return await in_thread(calls.read_logs, self._engine.client, self._parts.container, tail)

    async def stats(self) -> SandboxStats:
        return await in_thread(calls.read_stats, self._engine.client, self._parts.container)

    async def destroy(self) -> None:
        async with self._destroying:
            if self._destroyed:
                return
            self.release()
            await in_thread(remove_parts, self._engine, self._parts)
            self._destroyed = True

    def warm(self) -> None:
        """Make the first relays ready, where streams need them."""
        if self._parts.mode == "exec":
            self._relays.warm()

    def release(self) -> None:
        """Give up connections that stand ready; the sandbox itself is left alone. Idempotent."""
        self._relays.close()


def remove_parts(engine: Engine, parts: SandboxParts) -> None:
    """Remove container, volumes and folder, each of which may be gone already. Blocking."""
    calls.remove_container(engine.client, parts.container)
    remove_volumes(engine.client, list(parts.volumes))
    parts.folder.remove()
