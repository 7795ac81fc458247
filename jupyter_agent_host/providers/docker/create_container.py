"""From a spec to a container whose runner answers, or to nothing at all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic

import anyio

from jupyter_agent_host.container_engine.engine import Engine
from jupyter_agent_host.container_engine.engine_errors import PROVIDER, translated
from jupyter_agent_host.errors import (
    AuthenticationError,
    ImageMismatchError,
    ProtocolError,
    SandboxError,
    SandboxGoneError,
    SandboxOutOfMemoryError,
    SandboxStartError,
    VersionMismatchError,
)
from jupyter_agent_host.image.image_layout import SOCKET_PATH
from jupyter_agent_host.protocol.runner_http import Health
from jupyter_agent_host.protocol.runner_start import RunnerStart, encode_start
from jupyter_agent_host.providers.docker import container_operations as calls
from jupyter_agent_host.providers.docker.container_arguments import (
    Blueprint,
    StreamMode,
    container_arguments,
    container_name,
)
from jupyter_agent_host.providers.docker.docker_sandbox import DockerSandbox, SandboxParts, in_thread, remove_parts
from jupyter_agent_host.providers.docker.docker_settings import DockerSettings
from jupyter_agent_host.providers.docker.image_check import build_command
from jupyter_agent_host.providers.docker.isolation_report import LABEL_NOTES, describe, notes_to_label
from jupyter_agent_host.providers.docker.sandbox_folder import SandboxFolder, make_folder
from jupyter_agent_host.providers.docker.workspace_mounts import Mounts, create_volumes, plan_mounts
from jupyter_agent_host.sandbox.runner_health import wait_healthy
from jupyter_agent_host.sandbox.spec import SandboxSpec

_LOOK_SECONDS = 0.1
_CROSS_SECONDS = 2.0
_CLEANUP_SECONDS = 30

logger = logging.getLogger(__name__)


class SocketNotSharedError(SandboxStartError):
    """The runner listens, but its unix socket cannot be reached from here: the engine is in a VM or elsewhere."""

    code = "socket_not_shared"


@dataclass(frozen=True)
class ContainerLaunch:
    """One attempt. `quota`: whether volumes can be limited; `mode`: how streams will reach the runner."""

    engine: Engine
    settings: DockerSettings
    spec: SandboxSpec
    mode: StreamMode
    quota: bool

    async def run(self) -> DockerSandbox:
        """Create, start and wait. Failing or being cancelled leaves nothing behind.

        Raises:
            SocketNotSharedError: mode `socket` cannot work with this engine.
            SandboxError: as `Provider.create` says.
        """
        name = container_name(self.spec, self.settings.name_template)
        folder = await in_thread(make_folder)
        parts = SandboxParts(name, self.spec.notebook_id, self.spec.session_id, self.mode, folder)
        sandbox: DockerSandbox | None = None
        try:
            plan = await in_thread(plan_mounts, self.spec, name, folder, quota=self.quota)
            parts = replace(parts, volumes=tuple(volume.name for volume in plan.volumes))
            sandbox = await self._create(parts, plan)
            await self._answer(sandbox, folder)
        except BaseException:
            if sandbox is not None:
                sandbox.release()
            await _clean_up(self.engine, parts)
            raise
        sandbox.warm()
        return sandbox

    async def _create(self, parts: SandboxParts, plan: Mounts) -> DockerSandbox:
        client = self.engine.client
        arguments = container_arguments(Blueprint(self.engine, self.spec, self.settings, plan, self.mode, parts.folder))
        arguments["labels"] = {**arguments["labels"], LABEL_NOTES: notes_to_label(plan.notes)}
        await in_thread(create_volumes, client, plan.volumes, arguments["labels"])
        with translated("create the sandbox"):
            made = await in_thread(client.create_container, name=parts.container, **arguments)
        isolation = describe(self.engine, self.settings, [*plan.notes, *_warnings(made.get("Warnings"))])
        parts = replace(parts, container=str(made["Id"]))
        return DockerSandbox(self.engine, parts, isolation, spares=self.settings.spare_connections)

    async def _answer(self, sandbox: DockerSandbox, folder: SandboxFolder) -> None:
        line = encode_start(
            RunnerStart(
                token=self.spec.token,
                socket_path=SOCKET_PATH,
                require_outside_peer=self.mode == "socket",
                workdir=self.spec.start_folder,
            )
        )
        nonce = folder.write_nonce() if self.mode == "socket" else ""
        await in_thread(calls.start_with_line, self.engine.client, sandbox.id, line)
        health = await self._wait(sandbox)
        if health.mount_nonce != nonce:
            raise SocketNotSharedError("The sandbox does not share its socket's folder with this host.")

    async def _wait(self, sandbox: DockerSandbox) -> Health:
        watch = _Watch(self.engine, sandbox, self.mode)
        timeout = self.settings.start_timeout
        try:
            if self.mode == "exec":
                with anyio.move_on_after(timeout):
                    await watch.socket_inside()
            return await wait_healthy(sandbox.connect, self.spec.token, watch.ended, timeout_seconds=timeout)
        except VersionMismatchError as err:
            image = self.settings.image
            raise ImageMismatchError(f"{err} Build it again with: {build_command(image)}", provider=PROVIDER) from err
        except (AuthenticationError, ProtocolError) as err:
            raise SandboxStartError(f"The sandbox started but is not usable: {err}", provider=PROVIDER) from err
        except SandboxStartError as err:
            if isinstance(err, SocketNotSharedError):
                raise
            raise SandboxStartError(f"{err} {await _last_words(sandbox)}".strip(), provider=PROVIDER) from err


class _Watch:
    """Says why a sandbox that does not answer never will. Asked often; looks seldom, since looking costs CPU."""

    def __init__(self, engine: Engine, sandbox: DockerSandbox, mode: StreamMode) -> None:
        self._client = engine.client
        self._sandbox = sandbox
        self._mode = mode
        self._looked = monotonic()
        self._checked = monotonic()
        self._listening_since = 0.0

    async def socket_inside(self) -> None:
        try:
            await in_thread(calls.await_socket_inside, self._client, self._sandbox.id)
        except SandboxGoneError:
            return  # `ended` finds out why

    async def ended(self) -> SandboxError | None:
        now = monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return None
        self._looked = now
        state = await self._sandbox.exit_state()
        if state is not None:
            if state.oom_killed:
                return SandboxOutOfMemoryError("The sandbox ran out of memory while it started.", provider=PROVIDER)
            words = f"The sandbox ended while it started (exit code {state.exit_code}). {state.detail}"
            return SandboxStartError(words.strip(), provider=PROVIDER)
        if self._mode == "socket" and await self._unreachable(now):
            return SocketNotSharedError("The runner listens, but not where this host can reach it.", provider=PROVIDER)
        return None

    async def _unreachable(self, now: float) -> bool:
        if now - self._checked < _CROSS_SECONDS:
            return False
        self._checked = now
        if not self._listening_since:
            if await in_thread(calls.listens_inside, self._client, self._sandbox.id):
                self._listening_since = now
            return False
        return True


async def _last_words(sandbox: DockerSandbox) -> str:
    lines = (await sandbox.logs(tail=5)).strip()
    return f"Its last words: {lines[-1000:]}" if lines else ""


def _warnings(said: Sequence[str] | None) -> list[str]:
    return [" ".join(warning.split()) for warning in said or ()]


async def _clean_up(engine: Engine, parts: SandboxParts) -> None:
    with anyio.move_on_after(_CLEANUP_SECONDS, shield=True) as scope:
        try:
            await in_thread(remove_parts, engine, parts)
        except SandboxError as err:
            logger.warning("a sandbox that did not start could not be removed: %s", err)
    if scope.cancelled_caught:
        logger.warning("the sandbox %s did not start and outlives its host", parts.container)
