"""Control groups, version 1 and 2, for one sandbox: limits that hold for its whole process tree.

Sources: the kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_agent_host.errors import SandboxError
from jupyter_agent_host.sandbox.spec import Limits, SandboxStats

_MOUNTINFO = Path("/proc/self/mountinfo")
_OWN = Path("/proc/self/cgroup")
_PERIOD_US = 100_000
_REMOVE_SECONDS = 5.0
_FILES_V1 = {"memory": "memory.limit_in_bytes", "pids": "pids.max", "cpu": "cpu.cfs_quota_us"}


@dataclass(frozen=True)
class CgroupPlace:
    """Where this process may make control groups: one folder for each controller (one for all in version 2)."""

    version: int
    folders: dict[str, Path]

    @property
    def controllers(self) -> frozenset[str]:
        return frozenset(self.folders)


def find_place(mountinfo: Path = _MOUNTINFO, own: Path = _OWN) -> CgroupPlace | None:
    """The place that this user may use, None if there is none. Blocking, reads only."""
    try:
        mounts = list(_mounts(mountinfo.read_text()))
        paths = _own_paths(own.read_text())
    except OSError:
        return None
    return _place_v1(mounts, paths) or _place_v2(mounts, paths)


def remove_leftovers(place: CgroupPlace, name: str) -> None:
    """Remove the empty groups of that name, which a killed host left. Blocking, bounded."""
    for folder in set(place.folders.values()):
        with suppress(OSError):
            (folder / name).rmdir()


class Cgroup:
    """One sandbox's control group. All methods block shortly; call them from a worker thread."""

    def __init__(self, place: CgroupPlace, name: str) -> None:
        self._version = place.version
        self._folders = {controller: folder / name for controller, folder in place.folders.items()}
        self.controllers = place.controllers

    @classmethod
    def make(cls, place: CgroupPlace, name: str, limits: Limits) -> Cgroup:
        """Make the group and set its limits.

        Raises:
            SandboxError: the kernel refused; nothing is left.
        """
        group = cls(place, name)
        made: list[Path] = []
        try:
            for folder in group._unique():
                folder.mkdir()
                made.append(folder)
            group._limit(limits)
        except OSError as err:
            for folder in made:
                folder.rmdir()
            raise SandboxError(f"The control group for the resource limits was refused: {err}") from err
        return group

    def add(self, pid: int) -> None:
        """Move one process, and so its future children, into the group.

        Raises:
            SandboxError: the kernel refused, or the process is gone.
        """
        try:
            for folder in self._unique():
                (folder / "cgroup.procs").write_text(str(pid))
        except OSError as err:
            raise SandboxError(f"The sandbox could not be put under its resource limits: {err}") from err

    def pids(self) -> list[int]:
        """Every process in the group."""
        found: set[int] = set()
        for folder in self._unique():
            with suppress(OSError):
                found.update(int(line) for line in (folder / "cgroup.procs").read_text().split())
        return sorted(found)

    def oom_kills(self) -> int:
        """How many processes the kernel killed at the memory limit."""
        name = "memory.oom_control" if self._version == 1 else "memory.events"
        return _counter(self._folders.get("memory"), name, "oom_kill")

    def stats(self) -> SandboxStats:
        """Use now; None where no controller tells."""
        if self._version == 1:
            mem = _number(self._folders.get("memory"), "memory.usage_in_bytes")
            nanoseconds = _number(self._folders.get("cpuacct"), "cpuacct.usage")
            cpu = None if nanoseconds is None else nanoseconds / 1e9
        else:
            mem = _number(self._folders.get("memory"), "memory.current")
            folder = self._folders.get("cpu")
            cpu = None if folder is None else _counter(folder, "cpu.stat", "usage_usec") / 1e6
        return SandboxStats(mem_bytes=mem, cpu_seconds=cpu, pids=len(self.pids()))

    def kill(self) -> None:
        """Kill every process in the group. Blocking, bounded by five seconds."""
        deadline = time.monotonic() + _REMOVE_SECONDS
        while (pids := self.pids()) and time.monotonic() < deadline:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def remove(self) -> None:
        """Remove the group once its processes are gone. Blocking, bounded. Idempotent.

        Raises:
            SandboxError: it could not be removed within five seconds.
        """
        deadline = time.monotonic() + _REMOVE_SECONDS
        for folder in self._unique():
            while folder.exists():
                try:
                    folder.rmdir()
                except OSError as err:
                    if time.monotonic() > deadline:
                        raise SandboxError(f"The control group {folder} could not be removed: {err}") from err
                    time.sleep(0.01)

    def _unique(self) -> list[Path]:
        return sorted(set(self._folders.values()))

    def _limit(self, limits: Limits) -> None:
        quota = max(1000, int(limits.cpus * _PERIOD_US))
        if self._version == 1:
            values = {"memory": limits.mem_bytes, "pids": limits.pids, "cpu": quota}
            for controller, value in values.items():
                if controller in self._folders:
                    (self._folders[controller] / _FILES_V1[controller]).write_text(str(value))
            swap = self._folders["memory"] / "memory.memsw.limit_in_bytes"
            if swap.exists():
                swap.write_text(str(limits.mem_bytes))
            return
        for name, value2 in (
            ("memory.max", str(limits.mem_bytes)),
            ("memory.swap.max", "0"),
            ("pids.max", str(limits.pids)),
            ("cpu.max", f"{quota} {_PERIOD_US}"),
        ):
            controller = name.split(".", maxsplit=1)[0]
            file = self._folders.get(controller, Path()) / name
            if controller in self._folders and file.exists():
                file.write_text(value2)


@dataclass(frozen=True)
class _Mount:
    root: str
    point: Path
    kind: str
    options: frozenset[str]


def _mounts(text: str) -> Iterator[_Mount]:
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        fields, (kind, _, options) = left.split(), right.split(maxsplit=2)
        if kind in ("cgroup", "cgroup2"):
            yield _Mount(fields[3], Path(fields[4]), kind, frozenset(options.split(",")))


def _own_paths(text: str) -> dict[str, str]:
    """Controller to path; the key of version 2 is ""."""
    paths: dict[str, str] = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", maxsplit=2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _folder(mount: _Mount, path: str) -> Path:
    inner = path.removeprefix(mount.root) if mount.root != "/" else path
    return mount.point / inner.lstrip("/")


def _place_v1(mounts: list[_Mount], paths: dict[str, str]) -> CgroupPlace | None:
    folders: dict[str, Path] = {}
    for controller in ("memory", "pids", "cpu", "cpuacct"):
        for mount in mounts:
            if mount.kind == "cgroup" and controller in mount.options and controller in paths:
                folder = _folder(mount, paths[controller])
                if _writable(folder):
                    folders[controller] = folder
    return CgroupPlace(1, folders) if "memory" in folders else None


def _place_v2(mounts: list[_Mount], paths: dict[str, str]) -> CgroupPlace | None:
    """The nearest ancestor that hands memory and pids to its children: a group with processes of its own cannot."""
    for mount in mounts:
        if mount.kind != "cgroup2" or "" not in paths:
            continue
        folder = _folder(mount, paths[""])
        while folder.is_relative_to(mount.point):
            handed = _handed_down(folder)
            if _writable(folder) and {"memory", "pids"} <= handed:
                return CgroupPlace(2, dict.fromkeys(handed & {"memory", "pids", "cpu"}, folder))
            folder = folder.parent
    return None


def _handed_down(folder: Path) -> set[str]:
    try:
        return set((folder / "cgroup.subtree_control").read_text().split())
    except OSError:
        return set()


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK)


def _number(folder: Path | None, name: str) -> int | None:
    try:
        return int((folder / name).read_text()) if folder else None
    except (OSError, ValueError):
        return None


def _counter(folder: Path | None, name: str, key: str) -> int:
    try:
        lines = (folder / name).read_text().splitlines() if folder else []
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[0] == key), 0)
