"""What `GET /healthz` tells: versions, sessions, outbox, and how much of the machine the sandbox uses."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import claude_agent_sdk
from claude_agent_sdk._cli_version import __cli_version__

SDK_VERSION: str = claude_agent_sdk.__version__
CLI_VERSION: str = __cli_version__
_MAX_NONCE = 256


def mount_nonce(socket_path: str) -> str:
    """The content of `.nonce` beside the socket, "" if there is none: proof of a shared folder."""
    try:
        return (Path(socket_path).parent / ".nonce").read_bytes()[:_MAX_NONCE].decode("ascii", "replace").strip()
    except OSError:
        return ""


def usage() -> tuple[int, int]:
    """Resident bytes and number of processes: this one and all that descend from it (proc(5))."""
    children = defaultdict(list)
    rss: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:
                continue  # it ended while we looked
            children[int(fields[1])].append(int(folder.name))
            rss[int(folder.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    ours = [os.getpid()]
    for pid in ours:
        ours.extend(children[pid])
    return sum(rss.get(pid, 0) for pid in ours), len(ours)
