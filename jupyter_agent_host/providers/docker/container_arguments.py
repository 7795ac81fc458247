"""The container of one sandbox, as docker-py's arguments. Nothing here talks to the engine."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from docker.types import LogConfig, Mount, Ulimit

from jupyter_agent_host.container_engine.engine import Engine
from jupyter_agent_host.container_engine.engine_errors import PROVIDER
from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.image.image_layout import (
    AGENT_PYTHON,
    BASE_ENVIRONMENT,
    RUNNER_COMMAND,
    RUNNER_PYTHON,
    SOCKET_DIR,
)
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.providers.common.denied_system_calls import (
    ALLOWED,
    ENOSYS,
    EPERM,
    NAMESPACE_FLAGS,
    PERSONALITIES,
    SOCKET_FAMILIES,
)
from jupyter_agent_host.providers.docker.docker_settings import ENGINES_OWN, DockerSettings
from jupyter_agent_host.providers.docker.sandbox_folder import SandboxFolder
from jupyter_agent_host.providers.docker.workspace_mounts import Mounts, Tmpfs, packages_inside
from jupyter_agent_host.sandbox.python import start_command
from jupyter_agent_host.sandbox.spec import LABEL_HOST, LABEL_NOTEBOOK, LABEL_PROTOCOL, LABEL_SESSION, SandboxSpec

StreamMode = Literal["socket", "exec"]

LABEL_STREAM = "io.jupyter.agent-host.stream"
LABEL_FOLDER = "io.jupyter.agent-host.folder"

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_SOCKET_TMPFS_BYTES = 1024**2


def container_name(spec: SandboxSpec, template: str) -> str:
    """A name that the engine accepts.

    Raises:
        ConfigError: the template holds something else than its four fields.
    """
    try:
        name = template.format(
            notebook_id=_short(spec.notebook_id),
            session_id=_short(spec.session_id),
            host_id=_short(spec.host_id),
            unique=secrets.token_hex(4),
        )
    except (KeyError, IndexError, ValueError) as err:
        raise ConfigError(
            f"name_template {template!r} may hold {{notebook_id}}, {{session_id}}, {{host_id}} and {{unique}} only.",
            provider=PROVIDER,
        ) from err
    return _UNSAFE.sub("-", name).lstrip("_.-") or f"agent-host-{secrets.token_hex(4)}"


def sandbox_labels(spec: SandboxSpec, mode: StreamMode, folder: SandboxFolder) -> dict[str, str]:
    """What a restarted host finds its own sandboxes by."""
    return {
        LABEL_HOST: spec.host_id,
        LABEL_NOTEBOOK: spec.notebook_id,
        LABEL_SESSION: spec.session_id,
        LABEL_PROTOCOL: str(PROTOCOL_VERSION),
        LABEL_STREAM: mode,
        LABEL_FOLDER: str(folder.path),
    }


@dataclass(frozen=True)
class Blueprint:
    """All that decides one container."""

    engine: Engine
    spec: SandboxSpec
    settings: DockerSettings
    plan: Mounts
    mode: StreamMode
    folder: SandboxFolder


def container_arguments(blueprint: Blueprint) -> dict[str, Any]:
    """Arguments of `APIClient.create_container` but the name.

    Raises:
        ConfigError: the seccomp profile cannot be read, or docker-py refuses an extra setting.
    """
    spec, settings = blueprint.spec, blueprint.settings
    arguments: dict[str, Any] = {
        "image": settings.image,
        "entrypoint": _entrypoint(spec),
        "command": [],
        "user": f"{spec.user[0]}:{spec.user[1]}",
        "working_dir": "/workspace",
        "hostname": "sandbox",
        "environment": {**BASE_ENVIRONMENT, **settings.environment, **spec.environment},
        "labels": sandbox_labels(spec, blueprint.mode, blueprint.folder),
        "stdin_open": True,
        "host_config": _host_config(blueprint),
    }
    return {**arguments, **settings.extra_create_kwargs}


def _entrypoint(spec: SandboxSpec) -> list[str]:
    if spec.python is None:
        return list(RUNNER_COMMAND)
    return start_command(spec.python, (RUNNER_PYTHON, "-I", "-S"), (AGENT_PYTHON,), RUNNER_COMMAND, packages_inside)


def _host_config(blueprint: Blueprint) -> Mapping[str, Any]:
    spec, settings, plan = blueprint.spec, blueprint.settings, blueprint.plan
    mounts, tmpfs = list(plan.mounts), dict(plan.tmpfs)
    if blueprint.mode == "socket":
        mounts.append(Mount(target=SOCKET_DIR, source=str(blueprint.folder.leaf), type="bind"))
    else:
        tmpfs[SOCKET_DIR] = Tmpfs(_SOCKET_TMPFS_BYTES, spec.user, 0o700, exec=False)
    wanted: dict[str, Any] = {
        "network_mode": settings.network_name,
        "cap_drop": ["ALL"],
        "security_opt": _security_options(blueprint.engine, settings),
        "read_only": True,
        "tmpfs": {place: memory.options(podman=blueprint.engine.podman) for place, memory in tmpfs.items()},
        "mounts": mounts,
        "pids_limit": spec.limits.pids,
        "mem_limit": spec.limits.mem_bytes,
        "memswap_limit": spec.limits.mem_bytes,
        "nano_cpus": round(spec.limits.cpus * 1e9),
        "ulimits": [_ulimit("nofile", spec.limits.open_files), _ulimit("core", 0)],
        "ipc_mode": "private",
        "init": True,
        "log_config": LogConfig(type="json-file", config={"max-size": "4m", "max-file": "2"}),
    }
    if settings.runtime:
        wanted["runtime"] = settings.runtime
    wanted.update(settings.extra_host_config)
    try:
        config: dict[str, Any] = blueprint.engine.client.create_host_config(**wanted)
    except (TypeError, ValueError) as err:
        raise ConfigError(f"extra_host_config is not understood: {err}", provider=PROVIDER) from err
    if blueprint.engine.rootless and blueprint.engine.podman:
        config["UsernsMode"] = "keep-id"  # Podman's own word, which docker-py's check does not know
    return config


def _ulimit(name: str, value: int) -> Ulimit:
    return Ulimit(name=name, soft=value, hard=value)


def own_seccomp_profile(engine: Engine, settings: DockerSettings) -> bool:
    """Whether containers get our own profile: Podman takes files of its machine only, and has a like one by default."""
    return settings.seccomp_profile == "" and engine.seccomp and not engine.podman


def _security_options(engine: Engine, settings: DockerSettings) -> list[str]:
    options = ["no-new-privileges:true"]
    if own_seccomp_profile(engine, settings):
        options.append(f"seccomp={profile()}")
    elif settings.seccomp_profile not in ("", ENGINES_OWN):
        try:
            options.append(f"seccomp={Path(settings.seccomp_profile).read_text(encoding='utf-8')}")
        except OSError as err:
            raise ConfigError(f"The seccomp profile cannot be read: {err}", provider=PROVIDER) from err
    return options


def _short(text: str) -> str:
    return _UNSAFE.sub("-", text)[:40]


_CONDITIONAL = ("clone", "socket", "personality")


def profile() -> str:
    """The seccomp profile of a container as JSON, in Docker's format (https://docs.docker.com/engine/security/seccomp/).

    Programs of another architecture than the machine's own cannot run under it. What types into a terminal is not
    refused here: a container has none of the host's.
    """
    rules = [
        _rule(*sorted(ALLOWED - set(_CONDITIONAL))),
        _rule("clone", argument=(NAMESPACE_FLAGS, 0, "SCMP_CMP_MASKED_EQ")),
        _rule("socket", argument=(SOCKET_FAMILIES, 0, "SCMP_CMP_LT")),
        *(_rule("personality", argument=(value, 0, "SCMP_CMP_EQ")) for value in PERSONALITIES),
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS},
    ]
    return json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": EPERM, "syscalls": rules})


def _rule(*names: str, argument: tuple[int, int, str] | None = None) -> dict[str, Any]:
    rule: dict[str, Any] = {"names": list(names), "action": "SCMP_ACT_ALLOW"}
    if argument is not None:
        value, second, operator = argument
        rule["args"] = [{"index": 0, "value": value, "valueTwo": second, "op": operator}]
    return rule
