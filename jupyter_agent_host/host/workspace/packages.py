"""What an agent installed, told from the names alone: nothing of the sandbox's is opened or run."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path

from jupyter_agent_host.host.workspace.files.open_without_links import opened_folder, opened_root

_MOST = 10_000
_PYTHON = re.compile(r"python3\.\d{1,3}")
_INFO = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._]{0,99})-(?P<version>[0-9][A-Za-z0-9.!+_]{0,99})\.dist-info")


def installed_packages(environment: Path) -> list[str]:
    """As lines of a requirements file, sorted. Blocking; empty where nothing was installed yet."""
    found: set[str] = set()
    try:
        with opened_root(environment) as root:
            for python in filter(_PYTHON.fullmatch, _names(root, ["lib"])):
                infos = map(_INFO.fullmatch, _names(root, ["lib", python, "site-packages"]))
                found.update(f"{info['name'].replace('_', '-')}=={info['version']}" for info in infos if info)
    except FileNotFoundError:
        return []
    return sorted(found, key=str.casefold)


def _names(root: int, folders: list[str]) -> list[str]:
    try:
        with opened_folder(root, folders) as place, os.scandir(place) as entries:
            return [entry.name for entry in islice(entries, _MOST)]
    except OSError:  # the sandbox put a link or a file in its way, or has not made it yet
        return []
