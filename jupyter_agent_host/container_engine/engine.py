"""Finding a container engine, as the `docker` command would, and what it is capable of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.context import ContextAPI
from docker.context.config import get_current_context_name
from docker.utils import kwargs_from_env

from jupyter_agent_host.container_engine.engine_errors import PROVIDER, VENDOR_ERRORS, translated
from jupyter_agent_host.errors import ProviderUnavailableError

PROBE_SECONDS = 10
CALL_SECONDS = 60


_LIMITS = {"MemoryLimit": "memory", "CpuCfsQuota": "processor time", "PidsLimit": "the number of processes"}


@dataclass(frozen=True)
class EngineEndpoint:
    """Where an engine may listen. `source` says, for people, why it was looked for there."""

    url: str
    source: str
    tls: Any = False

    @property
    def local(self) -> bool:
        """Whether it is a unix socket: only then can host folders be visible to the engine at all."""
        return self.url.startswith(("unix://", "http+unix://"))


@dataclass(frozen=True)
class Engine:
    """One engine that answered, and what it said about itself. `unlimited`: what it cannot limit, in words."""

    client: APIClient
    endpoint: EngineEndpoint
    name: str
    version: str
    storage_driver: str
    rootless: bool
    userns_remapped: bool
    seccomp: bool
    unlimited: tuple[str, ...]
    runtimes: tuple[str, ...]

    @property
    def podman(self) -> bool:
        return self.name == "Podman"


def find_endpoints(environ: Mapping[str, str], home: Path) -> tuple[EngineEndpoint, ...]:
    """Where to look, in order. What a person set explicitly (DOCKER_HOST, a context) is the only place looked at.

    Raises:
        ConfigError: the context that is set does not exist or cannot be read.
    """
    if environ.get("DOCKER_HOST"):
        with translated("read the settings in DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH"):
            found = kwargs_from_env(environment=dict(environ))
        return (EngineEndpoint(found["base_url"], "DOCKER_HOST", found.get("tls", False)),)
    name = environ.get("DOCKER_CONTEXT") or get_current_context_name()
    if name != "default":
        with translated(f"read the Docker context {name!r}"):
            context = ContextAPI.get_context(name)
            if context is None:
                raise ProviderUnavailableError(f"There is no Docker context called {name!r}.", provider=PROVIDER)
            return (EngineEndpoint(context.Host, f"context {name}", context.TLSConfig or False),)
    return _default_sockets(environ, home)


def _default_sockets(environ: Mapping[str, str], home: Path) -> tuple[EngineEndpoint, ...]:
    runtime = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    places = (
        (Path("/var/run/docker.sock"), "Docker"),
        (runtime / "docker.sock", "rootless Docker"),
        (home / ".docker/run/docker.sock", "Docker Desktop"),
        (home / ".docker/desktop/docker.sock", "Docker Desktop"),
        (runtime / "podman/podman.sock", "rootless Podman"),
        (Path("/run/podman/podman.sock"), "Podman"),
    )
    return tuple(EngineEndpoint(f"unix://{path}", f"{label}'s default socket") for path, label in places)


def open_engine(environ: Mapping[str, str] | None = None, home: Path | None = None) -> Engine:
    """Connect to the first engine that answers. Blocking; the caller closes `client`.

    Raises:
        ProviderUnavailableError: none answers; the sentence lists where it was looked for.
        ConfigError: DOCKER_HOST or the context cannot be used.
    """
    failures = []
    for endpoint in find_endpoints(os.environ if environ is None else environ, home or Path.home()):
        if endpoint.local and not Path(endpoint.url.partition("://")[2]).exists():
            failures.append(f"{endpoint.url} does not exist")
            continue
        try:
            return _describe(endpoint)
        except VENDOR_ERRORS as err:
            failures.append(f"{endpoint.url} ({endpoint.source}): {' '.join(str(err).split())[:200]}")
    raise ProviderUnavailableError(
        "No container engine answers. Start Docker or Podman, or set DOCKER_HOST. Tried: " + "; ".join(failures),
        provider=PROVIDER,
    )


class _Client(APIClient):  # type: ignore[misc]  # docker-py has no types
    """Believes an engine by the certificates that go with its address, as `docker` does.

    `requests` would let REQUESTS_CA_BUNDLE win over them, which companies set for the web.
    """

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        chosen = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, chosen, cert)


def _describe(endpoint: EngineEndpoint) -> Engine:
    client = _Client(base_url=endpoint.url, tls=endpoint.tls, timeout=PROBE_SECONDS, version="auto")
    try:
        version, info = client.version(), client.info()
    except VENDOR_ERRORS:
        client.close()
        raise
    client.timeout = CALL_SECONDS
    names = [str(part.get("Name", "")) for part in version.get("Components") or ()]
    options = [str(option) for option in info.get("SecurityOptions") or ()]
    return Engine(
        client=client,
        endpoint=endpoint,
        name="Podman" if any("podman" in name.lower() for name in names) else "Docker",
        version=str(version.get("Version", "")),
        storage_driver=str(info.get("Driver", "")),
        rootless=is_rootless(info),
        userns_remapped=any("name=userns" in option for option in options),
        seccomp=any("seccomp" in option for option in options),
        unlimited=unlimited(info),
        runtimes=tuple(sorted(info.get("Runtimes") or ())),
    )


def unlimited(info: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of our limits an engine cannot hold, by its own `info`.

    A rootless one on control groups v1 can hold none. Docker says so; Podman says that it holds all, and ignores them.
    """
    if is_rootless(info) and str(info.get("CgroupVersion")) == "1":
        return tuple(_LIMITS.values())
    return tuple(what for name, what in _LIMITS.items() if info.get(name) is False)


def is_rootless(info: Mapping[str, Any]) -> bool:
    """Whether it runs as an ordinary user: Podman has a field for that, Docker lists it among its security options."""
    return bool(info.get("Rootless")) or "rootless" in str(info.get("SecurityOptions"))
