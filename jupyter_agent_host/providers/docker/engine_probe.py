"""What the engine can do with host folders: one short container that reads, writes and mounts an overlay."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace

import docker.errors
from docker import APIClient
from docker.types import Mount

from jupyter_agent_host.container_engine.engine import Engine
from jupyter_agent_host.container_engine.engine_errors import VENDOR_ERRORS, translated
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.image.image_layout import NONCE_NAME
from jupyter_agent_host.providers.docker.container_operations import remove_container
from jupyter_agent_host.providers.docker.docker_settings import DockerSettings
from jupyter_agent_host.providers.docker.id_mapped_mounts import can_map_ids, mount_as, unmount
from jupyter_agent_host.providers.docker.sandbox_folder import SandboxFolder, make_folder
from jupyter_agent_host.providers.docker.workspace_mounts import (
    Mounts,
    create_volumes,
    plan_mounts,
    remove_volumes,
)
from jupyter_agent_host.sandbox.spec import OverlayWorkspace, SandboxSpec

# A file that only its owner may touch must be changeable through the overlay, else the workspace is better copied.
_SCRIPT = (
    "cat /probe/.nonce; cat /probe/mounted/.nonce 2>/dev/null; umask 077; : > /probe/owner;"
    ' [ -z "$0" ] || [ ! -s /workspace/own ] || echo more >> /workspace/own'
)
_WAIT_SECONDS = 30
_MOUNTED = "mounted"


@dataclass(frozen=True)
class EngineFindings:
    """`file_owner`: who owns, on the host, a file that `user` wrote inside; None without a shared file system.

    `mounts`: whether what this host mounts below a shared folder is seen inside.
    """

    user: tuple[int, int]
    shared_filesystem: bool = False
    file_owner: tuple[int, int] | None = None
    overlay: bool = False
    mounts: bool = False
    quota: bool = False


def sandbox_user(engine: Engine, uid: int, gid: int) -> tuple[int, int]:
    """The uid and gid inside for a host that runs as these.

    Rootless Docker maps the person to 0 inside, where it has no capability; elsewhere 0 would be the engine's root.
    """
    if engine.rootless and not engine.podman:
        return (0, 0)
    return (uid, gid) if uid else (1000, 1000)


def explore(engine: Engine, settings: DockerSettings) -> EngineFindings:
    """Try it. Blocking, under a second; leaves nothing behind.

    Raises:
        SandboxError: the engine cannot even run a container of the image.
    """
    user = sandbox_user(engine, os.getuid(), os.getgid())
    quota = not engine.podman and _quota(engine.client)  # Podman takes the option where it cannot hold it, too
    found = _try_folders(engine, settings, user) if engine.endpoint.local else None
    if found is None:
        _try_nothing(engine, settings, user)
        return EngineFindings(user, quota=quota)
    return replace(found, quota=quota)


def _try_folders(engine: Engine, settings: DockerSettings, user: tuple[int, int]) -> EngineFindings | None:
    folder = make_folder()
    try:
        return _try_mounts(engine, settings, folder, user, overlay=True) or _try_mounts(
            engine, settings, folder, user, overlay=False
        )
    finally:
        folder.remove()


def _try_nothing(engine: Engine, settings: DockerSettings, user: tuple[int, int]) -> None:
    """Whether a container runs at all, when none did with folders of the host."""
    name = _probe_name()
    try:
        _run(engine, settings, [], user, name)
    finally:
        remove_container(engine.client, name)


def _try_mounts(
    engine: Engine, settings: DockerSettings, folder: SandboxFolder, user: tuple[int, int], *, overlay: bool
) -> EngineFindings | None:
    nonce = folder.write_nonce()
    crossing = _mount_a_folder(folder)
    name = _probe_name()
    plan = _overlay_plan(folder, user, name) if overlay else Mounts()
    try:
        create_volumes(engine.client, plan.volumes, {})
        mounts = [Mount(target="/probe", source=str(folder.leaf), type="bind"), *plan.mounts]
        output = _run(engine, settings, mounts, user, name)
    except AgentHostError:
        return None
    finally:
        remove_container(engine.client, name)
        remove_volumes(engine.client, [volume.name for volume in plan.volumes])
        _remove_kernels_folder(folder)
        if crossing:
            unmount(folder.leaf / _MOUNTED)
    written = folder.leaf / "owner"
    if output.strip() not in (nonce, nonce + crossing) or not written.exists():
        return EngineFindings(user)
    stat = written.stat()
    return EngineFindings(
        user,
        shared_filesystem=True,
        file_owner=(stat.st_uid, stat.st_gid),
        overlay=overlay and (folder.path / "upper" / "own").exists(),
        mounts=bool(crossing) and output.strip() == nonce + crossing,
    )


def _mount_a_folder(folder: SandboxFolder) -> str:
    """Mount a folder with a secret in it below the leaf; the secret, or "" where this host cannot mount."""
    if not can_map_ids():
        return ""
    aside, place = folder.path / "aside", folder.leaf / _MOUNTED
    for made in (aside, place):
        made.mkdir(exist_ok=True)
        made.chmod(0o755)
    nonce = secrets.token_hex(16)
    (aside / NONCE_NAME).write_text(nonce)
    try:
        mount_as(aside, place, (0, 0))
    except OSError:
        return ""
    return nonce


def _overlay_plan(folder: SandboxFolder, user: tuple[int, int], name: str) -> Mounts:
    lower, upper, work = (folder.path / part for part in ("lower", "upper", "work"))
    for place in (lower, upper, work):
        place.mkdir(exist_ok=True)
    own = lower / "own"
    own.write_text("own\n")
    own.chmod(0o600)
    if os.getuid() == 0:
        os.chown(upper, *user)
        os.chown(work, *user)
    spec = SandboxSpec("", "", "", "", OverlayWorkspace(lower, upper, work), user=user)
    return plan_mounts(spec, name, folder, quota=False)


def _run(engine: Engine, settings: DockerSettings, mounts: list[Mount], user: tuple[int, int], name: str) -> str:
    client = engine.client
    host_config = client.create_host_config(
        network_mode="none",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        read_only=True,
        mounts=mounts,
        **({"runtime": settings.runtime} if settings.runtime else {}),
    )
    if engine.rootless and engine.podman:
        host_config["UsernsMode"] = "keep-id"
    with translated("run a test container"):
        client.create_container(
            settings.image,
            entrypoint=["sh", "-c", _SCRIPT, "overlay" if len(mounts) > 1 else ""],
            command=[],
            user=f"{user[0]}:{user[1]}",
            name=name,
            host_config=host_config,
        )
        client.start(name)
        client.wait(name, timeout=_WAIT_SECONDS)
        return bytes(client.logs(name, stderr=False)).decode(errors="replace")


def _quota(client: APIClient) -> bool:
    name = _probe_name()
    try:
        client.create_volume(name, driver="local", driver_opts={"size": str(1024**2)})
    except VENDOR_ERRORS:
        return False
    with translated("remove a test volume"), suppress(docker.errors.NotFound):
        client.remove_volume(name, force=True)
    return True


def _remove_kernels_folder(folder: SandboxFolder) -> None:
    """An overlay leaves an empty folder in its work folder that is root's and unreadable, so that rmtree stumbles."""
    with suppress(FileNotFoundError):
        (folder.path / "work" / "work").rmdir()


def _probe_name() -> str:
    return f"agent-host-probe-{secrets.token_hex(4)}"
