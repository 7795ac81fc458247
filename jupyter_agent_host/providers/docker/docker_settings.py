"""Settings of the docker provider, under DockerSpawner's names where it has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jupyter_agent_host.container_engine.engine_errors import PROVIDER
from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.image.build import default_tag

PullPolicy = Literal["never", "ifnotpresent", "always"]

ENGINES_OWN = "engine"
"""The seccomp profile that the engine has by itself."""


@dataclass(frozen=True)
class DockerSettings:
    """What an administrator may change.

    Attributes:
        image: name of the sandbox image.
        pull_policy: `never` (the image is built locally), `ifnotpresent` or `always`.
        runtime: OCI runtime, such as `runsc` or `kata`; "" is the engine's default.
        network_name: network of the sandboxes; anything but `none` opens a way out besides the gateway.
        environment: more variables inside; never secrets.
        name_template: container name; `{notebook_id}`, `{session_id}`, `{host_id}` and `{unique}` are filled in.
        start_timeout: seconds until the runner must have answered.
        seccomp_profile: JSON file; "" is our own profile (`docker_seccomp`), `engine` the engine's default.
        spare_connections: how many relays stand ready where the socket cannot be shared (exec streams).
        extra_create_kwargs, extra_host_config: docker-py arguments that win over ours.
    """

    image: str = field(default_factory=default_tag)
    pull_policy: PullPolicy = "never"
    runtime: str = ""
    network_name: str = "none"
    environment: Mapping[str, str] = field(default_factory=dict)
    name_template: str = "agent-host-{notebook_id}-{unique}"
    start_timeout: float = 60.0
    seccomp_profile: str | Path = ""
    spare_connections: int = 2
    extra_create_kwargs: Mapping[str, Any] = field(default_factory=dict)
    extra_host_config: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pull_policy not in ("never", "ifnotpresent", "always"):
            raise ConfigError(
                f"pull_policy is never, ifnotpresent or always, not {self.pull_policy!r}.", provider=PROVIDER
            )
        if self.start_timeout <= 0:
            raise ConfigError("start_timeout must be more than 0 seconds.", provider=PROVIDER)
        if self.spare_connections < 0:
            raise ConfigError("spare_connections cannot be negative.", provider=PROVIDER)
