"""Sandboxes as containers, on any engine that speaks Docker's API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast
from weakref import WeakSet

from anyio import Lock

from jupyter_agent_host.container_engine.engine import Engine, open_engine
from jupyter_agent_host.container_engine.engine_errors import PROVIDER, translated
from jupyter_agent_host.errors import AgentHostError, ConfigError
from jupyter_agent_host.providers.docker.container_arguments import LABEL_FOLDER, LABEL_STREAM, StreamMode
from jupyter_agent_host.providers.docker.create_container import ContainerLaunch, SocketNotSharedError
from jupyter_agent_host.providers.docker.docker_sandbox import DockerSandbox, SandboxParts, in_thread
from jupyter_agent_host.providers.docker.docker_settings import DockerSettings
from jupyter_agent_host.providers.docker.engine_probe import EngineFindings, explore
from jupyter_agent_host.providers.docker.image_check import require_image
from jupyter_agent_host.providers.docker.isolation_report import describe, notes_from_label
from jupyter_agent_host.providers.docker.sandbox_folder import SandboxFolder
from jupyter_agent_host.providers.docker.workspace_mounts import volume_names
from jupyter_agent_host.sandbox.provider import Sandbox
from jupyter_agent_host.sandbox.spec import (
    LABEL_CLI,
    LABEL_HOST,
    LABEL_NOTEBOOK,
    LABEL_RUNNER,
    LABEL_SDK,
    LABEL_SESSION,
    ProviderReport,
    SandboxSpec,
)


class DockerProvider:
    """See `sandbox.provider.Provider`. Keyword arguments are the fields of `DockerSettings`."""

    name = PROVIDER

    def __init__(self, **settings: Any) -> None:
        """Raises ConfigError for a setting that does not exist or has no such value."""
        try:
            self._settings = DockerSettings(**settings)
        except TypeError as err:
            raise ConfigError(f"A setting of the docker provider is wrong: {err}", provider=PROVIDER) from err
        self._lock = Lock()
        self._engine: Engine | None = None
        self._findings: EngineFindings | None = None
        self._sockets_cross = True
        self._made: WeakSet[DockerSandbox] = WeakSet()

    async def probe(self) -> ProviderReport:
        details: dict[str, str] = {"image": self._settings.image}
        try:
            engine = await self._connected()
            details |= _engine_details(engine)
            labels = await in_thread(require_image, engine.client, self._settings)
            details |= {name: labels.get(name, "") for name in (LABEL_SDK, LABEL_CLI, LABEL_RUNNER)}
            found = await self._explored(engine)
        except AgentHostError as err:
            return ProviderReport(PROVIDER, available=False, reason=str(err), details=details)
        details |= {"overlay": str(found.overlay), "volume_size_limit": str(found.quota)}
        return ProviderReport(
            PROVIDER,
            available=True,
            reason=f"{engine.name} {engine.version} at {engine.endpoint.url} ({engine.endpoint.source}).",
            isolation=describe(engine, self._settings),
            overlay=found.overlay,
            shared_filesystem=found.shared_filesystem,
            sees_mounts=found.mounts,
            file_owner=found.file_owner,
            sandbox_user=found.user,
            details=details,
        )

    async def create(self, spec: SandboxSpec) -> Sandbox:
        engine = await self._connected()
        await in_thread(require_image, engine.client, self._settings)
        found = await self._explored(engine)
        mode = self._mode(spec.stream, found)
        try:
            sandbox = await ContainerLaunch(engine, self._settings, spec, mode, found.quota).run()
        except SocketNotSharedError:
            if spec.stream != "auto":
                raise
            self._sockets_cross = False
            sandbox = await ContainerLaunch(engine, self._settings, spec, "exec", found.quota).run()
        self._made.add(sandbox)
        return sandbox

    def _mode(self, wanted: Literal["auto", "socket", "exec"], found: EngineFindings) -> StreamMode:
        if wanted != "auto":
            return wanted
        return "socket" if found.shared_filesystem and self._sockets_cross else "exec"

    async def reattach(self, host_id: str) -> list[Sandbox]:
        """See `Provider.reattach`. Where each one's streams go was written on its labels."""
        engine = await self._connected()
        with translated("list sandboxes"):
            found = await in_thread(engine.client.containers, all=True, filters={"label": f"{LABEL_HOST}={host_id}"})
        sandboxes = [self._from_listing(engine, entry) for entry in found]
        self._made.update(sandboxes)
        return list(sandboxes)

    def _from_listing(self, engine: Engine, entry: Mapping[str, Any]) -> DockerSandbox:
        labels: Mapping[str, str] = entry.get("Labels") or {}
        parts = SandboxParts(
            container=str(entry["Id"]),
            notebook_id=labels.get(LABEL_NOTEBOOK, ""),
            session_id=labels.get(LABEL_SESSION, ""),
            mode=cast("StreamMode", labels.get(LABEL_STREAM, "exec")),
            folder=SandboxFolder(Path(labels.get(LABEL_FOLDER, ""))),
            volumes=tuple(volume_names(entry)),
        )
        isolation = describe(engine, self._settings, notes_from_label(labels))
        return DockerSandbox(engine, parts, isolation, spares=self._settings.spare_connections)

    async def aclose(self) -> None:
        for sandbox in self._made:
            sandbox.release()
        self._made.clear()
        async with self._lock:
            engine, self._engine, self._findings = self._engine, None, None
        if engine is not None:
            await in_thread(engine.client.close)

    async def _connected(self) -> Engine:
        async with self._lock:
            if self._engine is None:
                self._engine = await in_thread(open_engine)
            return self._engine

    async def _explored(self, engine: Engine) -> EngineFindings:
        async with self._lock:
            if self._findings is None:
                self._findings = await in_thread(explore, engine, self._settings)
            return self._findings


def _engine_details(engine: Engine) -> dict[str, str]:
    return {
        "engine": f"{engine.name} {engine.version}",
        "endpoint": f"{engine.endpoint.url} ({engine.endpoint.source})",
        "storage_driver": engine.storage_driver,
        "rootless": str(engine.rootless),
        "userns_remap": str(engine.userns_remapped),
        "runtimes": ", ".join(engine.runtimes),
    }
