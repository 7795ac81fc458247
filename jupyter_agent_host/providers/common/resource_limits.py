"""Limits of one sandbox as control group and rlimits, and honest words for what neither can hold."""

from __future__ import annotations

import os
import platform
import resource
from pathlib import Path

from jupyter_agent_host.sandbox.spec import Limits, ScratchWorkspace, WorkspaceMount

_NPROC_BY_NAMESPACE = (5, 14)
"""Linux version since which RLIMIT_NPROC counts each user namespace by itself (ucounts)."""


def rlimits(limits: Limits, controllers: frozenset[str], *, user_namespace: bool) -> dict[str, int]:
    """Resource limits by name without `RLIMIT_`, for what the control group's `controllers` do not hold.

    Memory is RLIMIT_DATA, which counts what a process could write to: RLIMIT_AS also counts mere reservations, of
    which each thread makes some, so that numerical libraries fail on machines with many cores.
    Blocking: counts the user's processes where they count against the limit.
    """
    values = {"CORE": 0, "FSIZE": limits.disk_bytes, "NOFILE": _cap(resource.RLIMIT_NOFILE, limits.open_files)}
    if "memory" not in controllers:
        values["DATA"] = _cap(resource.RLIMIT_DATA, limits.mem_bytes)
    if "pids" not in controllers:
        others = 0 if user_namespace and _kernel() >= _NPROC_BY_NAMESPACE else _own_threads()
        values["NPROC"] = _cap(resource.RLIMIT_NPROC, others + limits.pids)
    return values


def limit_notes(controllers: frozenset[str]) -> tuple[str, ...]:
    """What is weaker than asked, one sentence each."""
    notes = []
    if "memory" not in controllers:
        notes.append("the memory limit holds for each process alone: no control group can be made here")
    if "cpu" not in controllers:
        notes.append("the CPU limit is not enforced: no control group can be made here")
    if "pids" not in controllers and os.getuid() == 0:
        notes.append("the number of processes is not limited: no control group can be made here")
    return tuple(notes)


def disk_note(workspace: WorkspaceMount) -> str:
    """What keeps the workspace from filling the disk; "" where it is no folder of the host."""
    if isinstance(workspace, ScratchWorkspace):
        return ""
    return workspace.limit or "the disk limit is not enforced on the workspace"


def _cap(number: int, value: int) -> int:
    hard = resource.getrlimit(number)[1]
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _kernel() -> tuple[int, int]:
    major, minor = platform.release().split(".")[:2]
    return int(major), int("".join(filter(str.isdigit, minor)) or 0)


def _own_threads() -> int:
    """Threads of this user: what RLIMIT_NPROC counts besides the sandbox's own."""
    total, uid = 0, os.getuid()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == uid:
                    total += sum(1 for _ in (entry / "task").iterdir())
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue  # it ended while we looked, or is hidden from us
    return total
