"""A file system in a sparse file, mounted by a loop device: the kernel itself refuses what does not fit.

The device is the mount's (autoclear, see loop(4)): nothing has to be detached, whoever unmounts last. Without a journal
a sudden end of the machine leaves it in need of e2fsck, which is therefore run before each mount; a killed server does
not, since the mount is the kernel's.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import subprocess
from pathlib import Path

from jupyter_agent_host.host.disk_quota.layer_limits import LayerLimits

logger = logging.getLogger(__name__)

_TOOLS = ("mkfs.ext4", "e2fsck", "resize2fs", "mount", "umount", "losetup")
_SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
_SECONDS = 30
_OPTIONS = "loop,nosuid,nodev,noatime,discard"
_MENDED = 2
"""e2fsck's exit codes up to here: clean, or made so."""

_SMALLEST_BYTES = 8 * 1024**2
_TRIAL = LayerLimits(_SMALLEST_BYTES, 64)


class VolumeError(OSError):
    """A volume cannot be made, mounted or taken away; says why."""


def why_not(place: Path) -> str:
    """Make, mount and take away a small one below `place`; "" if that works, else why it does not. Blocking, 50 ms."""
    if os.geteuid() != 0:
        return "only root may mount file systems"
    if missing := [tool for tool in _TOOLS if _tool(tool) is None]:
        return f"{', '.join(missing)} is not installed (e2fsprogs, util-linux)"
    if not os.access("/dev/loop-control", os.W_OK):
        return "there are no loop devices"
    trial = place / f"trial-{secrets.token_hex(4)}"
    try:
        trial.mkdir(mode=0o700, parents=True)
        volume = Volume(trial / "image", trial / "v")
        volume.mount(_TRIAL)
        volume.unmount()
    except OSError as err:
        return str(err)
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    return ""


class Volume:
    """One image and where it is mounted. All methods block shortly; callers see to it that they do not run at once."""

    def __init__(self, image: Path, place: Path) -> None:
        self.image = image
        self.place = place

    @property
    def mounted(self) -> bool:
        return os.path.ismount(self.place)

    def mount(self, limits: LayerLimits) -> None:
        """Mount it; made first where there is none. Idempotent.

        Raises:
            VolumeError: the kernel or a tool refused; nothing new is left but perhaps an image.
        """
        self.place.mkdir(mode=0o700, exist_ok=True)
        if self.mounted:
            return
        if not self.image.exists():
            self._make(limits)
        elif not self._in_use():
            self._mend()
            self._fit(limits)
        # A device that has the image already, for a sandbox that outlived its server, is used again by mount(8).
        _run("mount", "-n", "-t", "ext4", "-o", _OPTIONS, str(self.image), str(self.place))
        self.place.chmod(0o700)

    def unmount(self) -> bool:
        """Take it away; False when something still uses it. Idempotent."""
        if not self.mounted:
            return True
        try:
            _run("umount", "-n", str(self.place))
        except VolumeError as err:
            logger.info("%s stays mounted: %s", self.place, err)
            return False
        return True

    def _make(self, limits: LayerLimits) -> None:
        fresh = self.image.with_name(f"{self.image.name}.new")
        with fresh.open("wb") as handle:
            fresh.chmod(0o600)
            handle.truncate(max(limits.max_bytes, _SMALLEST_BYTES))
        try:
            _run(
                *("mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", "-I", "256", "-N", str(limits.max_files)),
                *("-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard,root_owner=0:0", str(fresh)),
            )
        except VolumeError:
            fresh.unlink()
            raise
        fresh.rename(self.image)

    def _mend(self) -> None:
        done = _call("e2fsck", "-y", str(self.image))
        if done.returncode > _MENDED:
            aside = self.image.with_name(f"damaged-{secrets.token_hex(4)}")
            self.image.rename(aside)
            raise VolumeError(f"the file system in {self.image} is damaged and was moved to {aside.name}")

    def _fit(self, limits: LayerLimits) -> None:
        """Another size may be set now. What is in it and does not fit any more keeps the old one."""
        wanted = max(limits.max_bytes, _SMALLEST_BYTES)
        now = self.image.stat().st_size
        if now == wanted:
            return
        try:
            _check_whole(self.image)
            if wanted > now:
                os.truncate(self.image, wanted)
            _run("resize2fs", str(self.image), f"{wanted // 4096 * 4}K")
            os.truncate(self.image, wanted)
        except VolumeError as err:
            logger.warning("the private layer in %s keeps its size: %s", self.image.parent, err)

    def _in_use(self) -> bool:
        return bool(_call("losetup", "-n", "-O", "NAME", "-j", str(self.image)).stdout.strip())


def _check_whole(image: Path) -> None:
    """resize2fs insists on it."""
    if _call("e2fsck", "-f", "-y", str(image)).returncode > _MENDED:
        raise VolumeError("its file system is damaged")


def _run(*command: str) -> None:
    done = _call(*command)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise VolumeError(f"{command[0]}: {words[-1] if words else f'exit code {done.returncode}'}")


def _call(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [_tool(command[0]) or command[0], *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            env={"PATH": _SYSTEM_PATH, "LC_ALL": "C.UTF-8"},
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise VolumeError(f"{command[0]}: {err}") from err


def _tool(name: str) -> str | None:
    return shutil.which(name, path=_SYSTEM_PATH)
