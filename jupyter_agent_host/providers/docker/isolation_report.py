"""What holds the agent back in a container, in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from jupyter_agent_host.container_engine.engine import Engine
from jupyter_agent_host.providers.docker.docker_settings import DockerSettings
from jupyter_agent_host.sandbox.spec import Isolation

LABEL_NOTES = "io.jupyter.agent-host.notes"

_NO_NETWORK = "none"


def describe(engine: Engine, settings: DockerSettings, notes: Iterable[str] = ()) -> Isolation:
    """The isolation of a sandbox that this provider makes; `notes` are those of its mounts and of the engine."""
    runtime = f" with {settings.runtime}" if settings.runtime else ""
    closed = settings.network_name == _NO_NETWORK
    network = "no network" if closed else f"network {settings.network_name}"
    said = list(notes)
    if not closed:
        said.append(f"the network {settings.network_name} is a way out that the gateway does not see")
    if not engine.seccomp:
        said.append("system calls are not filtered: this engine or its kernel has no seccomp")
    if engine.unlimited:
        said.append(f"not limited, since this engine cannot: {', '.join(engine.unlimited)}")
    extra = sorted({*settings.extra_create_kwargs, *settings.extra_host_config})
    if extra:
        said.append(f"an administrator's settings replace ours: {', '.join(extra)}")
    if engine.rootless and not engine.podman:
        said.append("rootless Docker: the agent is uid 0 of a user namespace, without capabilities")
    return Isolation("container", f"{engine.name}{runtime}, {network}", tuple(said))


def notes_to_label(notes: Iterable[str]) -> str:
    """Kept on the container for a host that reattaches."""
    return json.dumps(list(notes))


def notes_from_label(labels: Mapping[str, str]) -> tuple[str, ...]:
    """The inverse; nothing for a label that is not ours."""
    try:
        notes = json.loads(labels.get(LABEL_NOTES, "[]"))
    except ValueError:
        return ()
    return tuple(str(note) for note in notes) if isinstance(notes, list) else ()
