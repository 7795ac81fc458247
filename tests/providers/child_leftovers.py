"""What a child-process sandbox may leave on this machine, found without asking the provider."""

from __future__ import annotations

from pathlib import Path

from jupyter_agent_host.providers.common.cgroup import find_place
from jupyter_agent_host.providers.common.run_folder import PREFIX


def orphaned_groups() -> list[str]:
    """Control groups without the folder that every living sandbox has from before its group until after it."""
    place = find_place()
    groups = [path for folder in place.folders.values() for path in folder.glob(f"{PREFIX}*")] if place else []
    homeless = [path for path in groups if not _has_folder(path.name)]
    return [str(path) for path in homeless if path.is_dir()]


def marked_processes(marker: str) -> list[int]:
    """Processes whose command line or environment holds the marker."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue  # it ended while we looked, or is not ours
            if marker.encode() in text:
                found.append(int(entry.name))
    return found


def _has_folder(name: str) -> bool:
    return any(True for pattern in (name, f"*/{name}") for _ in Path("/tmp").glob(pattern))
