"""What a child-process sandbox may leave on this machine, found without asking the provider."""

from __future__ import annotations

from pathlib import Path

from jupyter_agent_host.providers.process_cgroup import find_place
from jupyter_agent_host.providers.process_folder import scratch_base, socket_base


def run_folders() -> set[str]:
    """Private folders of all sandboxes that exist now."""
    return {str(path) for base in {scratch_base(), socket_base()} for path in base.glob("jah*")}


def control_groups() -> set[str]:
    """Control groups of all sandboxes that exist now."""
    place = find_place()
    return {str(path) for folder in place.folders.values() for path in folder.glob("jah-*")} if place else set()


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
