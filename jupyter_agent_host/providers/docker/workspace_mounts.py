"""What a sandbox can write to: its workspace, home and temporary files, as mounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker.errors
from docker import APIClient
from docker.types import Mount

from jupyter_agent_host.container_engine.engine_errors import PROVIDER, translated
from jupyter_agent_host.errors import SandboxStartError
from jupyter_agent_host.providers.docker.id_mapped_mounts import can_map_ids
from jupyter_agent_host.providers.docker.sandbox_folder import SandboxFolder
from jupyter_agent_host.sandbox.python import ENVIRONMENT, PythonEnvironment, belongs_to_system
from jupyter_agent_host.sandbox.spec import (
    HOME,
    WORKSPACE,
    BindWorkspace,
    OverlayWorkspace,
    SandboxSpec,
    ScratchWorkspace,
)

_TMPFS_SHARE = 4
_ROOTS_HOME = Path("/root")
_ROOT_ONLY = 0o700
_ANYBODY = 0o1777
_MARKS = (",", ":", "\\", '"')


@dataclass(frozen=True)
class Volume:
    """A volume to create before the container, and to remove after it."""

    name: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class Tmpfs:
    """Memory that this user inside can write to. `exec`: compiled wheels and scripts that the agent makes must run."""

    size_bytes: int
    user: tuple[int, int]
    mode: int
    exec: bool = True

    def options(self, *, podman: bool) -> str:
        """In the engine's words. Podman knows no ids here, but gives the folder to the container's user."""
        owner = "U,notmpcopyup" if podman else f"uid={self.user[0]},gid={self.user[1]}"
        may_exec = "exec" if self.exec else "noexec"
        return f"rw,{may_exec},nosuid,nodev,size={self.size_bytes},{owner},mode={self.mode:o}"


@dataclass
class Mounts:
    """Mounts, tmpfs by path, volumes to make, and what is weaker than asked."""

    mounts: list[Mount] = field(default_factory=list)
    tmpfs: dict[str, Tmpfs] = field(default_factory=dict)
    volumes: list[Volume] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plan_mounts(spec: SandboxSpec, name: str, folder: SandboxFolder, *, quota: bool) -> Mounts:
    """Everything writable inside. `quota`: whether the engine can limit a volume's size.

    Raises:
        SandboxStartError: the workspace's folders cannot be named to the kernel.
    """
    plan = Mounts()
    _plan_scratch(plan, spec, name, quota=quota)
    workspace = spec.workspace
    if isinstance(workspace, BindWorkspace):
        # Looked at here: Podman would make a missing one.
        plan.mounts.append(Mount(target=WORKSPACE, source=str(_existing(workspace.source)), type="bind"))
        plan.notes.append(workspace.limit or "the disk limit is not enforced: /workspace is a folder of the host")
    elif isinstance(workspace, OverlayWorkspace):
        plan.volumes.append(Volume(f"{name}-workspace", _overlay_options(plan, workspace, folder, spec.user)))
        plan.mounts.append(Mount(target=WORKSPACE, source=f"{name}-workspace", type="volume", no_copy=True))
        plan.notes.append(
            workspace.limit or "the disk limit is not enforced: changes of /workspace lie in a folder of the host"
        )
    if spec.python is not None:
        _plan_python(plan, spec.python, folder)
    return plan


def _plan_python(plan: Mounts, python: PythonEnvironment, folder: SandboxFolder) -> None:
    """The kernel's environment at its own paths, and the folder that the agent installs into."""
    plan.mounts.append(Mount(target=ENVIRONMENT, source=str(_existing(python.folder)), type="bind"))
    targets = {str(part): part for part in python.parts}
    targets |= {packages_inside(path): path for path in python.packages if belongs_to_system(path)}
    if any(Path(target).is_relative_to(_ROOTS_HOME) for target in targets):
        # The image's own is closed to everybody else, and what lies below must be reached.
        plan.mounts.append(Mount(target=str(_ROOTS_HOME), source=str(folder.open_place("root")), type="bind"))
    for target, source in sorted(targets.items()):
        if not any(other != target and Path(target).is_relative_to(other) for other in targets):
            plan.mounts.append(Mount(target=target, source=str(source.resolve()), type="bind", read_only=True))


def packages_inside(path: Path) -> str:
    """Where a folder of the kernel's packages is seen inside."""
    return f"/opt/kernel{path}" if belongs_to_system(path) else str(path)


def _plan_scratch(plan: Mounts, spec: SandboxSpec, name: str, *, quota: bool) -> None:
    share = spec.limits.mem_bytes // _TMPFS_SHARE
    plan.tmpfs["/tmp"] = Tmpfs(share, spec.user, _ANYBODY)  # noqa: S108 - a tmpfs of the sandbox's own
    places = {HOME: _ROOT_ONLY}
    if isinstance(spec.workspace, ScratchWorkspace):
        places[WORKSPACE] = 0o755
    if quota:
        for number, place in enumerate(places):
            volume = Volume(f"{name}-scratch{number}", {"size": str(spec.limits.disk_bytes // len(places))})
            plan.volumes.append(volume)
            plan.mounts.append(Mount(target=place, source=volume.name, type="volume"))
        return
    plan.tmpfs.update({place: Tmpfs(share, spec.user, mode) for place, mode in places.items()})
    plan.notes.append(
        f"{', '.join(places)} and /tmp are memory, {share // 1024**2} MiB each, counted in the memory limit:"
        " this engine cannot limit a volume's size"
    )


def _overlay_options(
    plan: Mounts, workspace: OverlayWorkspace, folder: SandboxFolder, user: tuple[int, int]
) -> dict[str, str]:
    if any(mark in str(folder.path) for mark in _MARKS):
        raise SandboxStartError(
            f"An overlay cannot be mounted from {folder.path}: set XDG_RUNTIME_DIR or TMPDIR to a folder without"
            " comma, colon, quote and backslash in its path.",
            provider=PROVIDER,
        )
    layers = {
        "lowerdir": _lower(plan, _existing(workspace.lower), folder, user),
        "upperdir": folder.link("upperdir", _existing(workspace.upper)),
        "workdir": folder.link("workdir", _existing(workspace.work)),
    }
    return {"type": "overlay", "device": "overlay", "o": ",".join(f"{key}={path}" for key, path in layers.items())}


def _lower(plan: Mounts, lower: Path, folder: SandboxFolder, user: tuple[int, int]) -> Path:
    """Where the kernel finds the lower layer: with the person's files as the sandbox user's own, where it can."""
    owner = lower.stat().st_uid
    if owner == user[0] or not can_map_ids():
        return folder.link("lowerdir", lower)
    try:
        return folder.show_as("lowerdir", lower, user)
    except OSError as err:
        plan.notes.append(f"files of uid {owner} cannot be changed in /workspace: no id-mapped mount ({err})")
        return folder.link("lowerdir", lower)


def _existing(path: Path) -> Path:
    if not path.is_dir():
        raise SandboxStartError(f"The workspace folder {path} does not exist.", provider=PROVIDER)
    return path.absolute()


def create_volumes(client: APIClient, volumes: list[Volume], labels: Mapping[str, str]) -> None:
    """Blocking.

    Raises:
        SandboxStartError: the engine refused one.
    """
    for volume in volumes:
        with translated(f"make the volume {volume.name}"):
            client.create_volume(volume.name, driver="local", driver_opts=dict(volume.options), labels=dict(labels))


def remove_volumes(client: APIClient, names: list[str]) -> None:
    """Blocking, idempotent."""
    for name in names:
        with translated(f"remove the volume {name}"):
            try:
                client.remove_volume(name, force=True)
            except docker.errors.NotFound:
                continue


def volume_names(inspected: Mapping[str, Any]) -> list[str]:
    """Names of the volumes of an inspected container."""
    return [str(mount["Name"]) for mount in inspected.get("Mounts") or () if mount.get("Type") == "volume"]
