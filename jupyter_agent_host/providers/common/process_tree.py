"""Process trees as /proc shows them. Everything here blocks shortly."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_agent_host.sandbox.spec import SandboxStats

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PARENT, _USER_TICKS, _SYSTEM_TICKS, _RSS_PAGES = 1, 11, 12, 21


def children(pid: int) -> list[int]:
    """The direct children of a process; empty when it is gone."""
    return [other for other, fields in _table().items() if int(fields[_PARENT]) == pid]


def tree_stats(pid: int) -> SandboxStats:
    """Sums over a process and its descendants. Shared pages count once for each process."""
    table = _table()
    members = {pid} & table.keys()
    grown = True
    while grown:
        more = {other for other, fields in table.items() if int(fields[_PARENT]) in members} | members
        grown, members = more != members, more
    mine = [table[member] for member in members]
    return SandboxStats(
        mem_bytes=sum(int(fields[_RSS_PAGES]) for fields in mine) * _PAGE_BYTES,
        cpu_seconds=sum(int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS]) for fields in mine) / _TICKS,
        pids=len(mine),
    )


def _table() -> dict[int, list[bytes]]:
    """For each pid the fields of /proc/PID/stat from the state on; see proc(5)."""
    table: dict[int, list[bytes]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                table[int(entry.name)] = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue  # it ended while we looked, or is hidden from us
    return table
