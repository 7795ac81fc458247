"""One walk over what the sandbox may have written: hostile names, links and files that move while one looks."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from jupyter_agent_host.host.workspace.files.masked_files import is_environment, is_passing
from jupyter_agent_host.host.workspace.files.open_without_links import Check, opened_folder

MAX_ENTRIES = 200_000
MAX_DEPTH = 64
_CHECK_EVERY = 512


@dataclass
class Inside:
    """Relative paths, with stats or link targets; nothing was opened but folders.

    Attributes:
        whiteouts: marks of an overlay for what was deleted; `opaque`: folders that hide what lies below them.
        skipped: path to the reason why it, or what is in it, was not looked at.
        complete: False when something may have been missed, so that nothing missing counts as deleted.
    """

    files: dict[str, os.stat_result] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    whiteouts: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)
    complete: bool = True

    def misses(self, path: str) -> bool:
        """Whether a file that was not found is really not there: no link took its place, no folder was skipped."""
        if path in self.files or path in self.links or path in self.skipped:
            return False
        return not any(folder.endswith("/") and path.startswith(folder) for folder in self.skipped)


def look_inside(root: int, check: Check, enters_environment: Callable[[str], bool]) -> Inside:
    """Walk the tree below an open folder. `enters_environment(path)`: whether to look into a Python environment."""
    found = Inside()
    waiting = [""]
    entries = 0
    while waiting:
        here = waiting.pop()
        check()
        for folder, entry in _entries(root, here, found, enters_environment, MAX_ENTRIES + 1 - entries):
            entries += 1
            if entries % _CHECK_EVERY == 0:
                check()
            _note(folder, entry, f"{here}/{entry.name}" if here else entry.name, found, waiting)
        if entries > MAX_ENTRIES:
            found.complete = False
            found.skipped["./"] = f"the workspace holds more than {MAX_ENTRIES} files; not all were looked at"
            break
    return found


def _entries(
    root: int, here: str, found: Inside, enters_environment: Callable[[str], bool], most: int
) -> Iterator[tuple[int, os.DirEntry[str]]]:
    parts = here.split("/") if here else []
    if len(parts) > MAX_DEPTH:
        _skip(found, here, f"it is nested more than {MAX_DEPTH} folders deep")
        return
    try:
        with opened_folder(root, parts) as folder, os.scandir(folder) as scan:
            entries = list(islice(scan, most))  # one folder can hold more names than the host has memory for
            if here and is_environment([entry.name for entry in entries]) and not enters_environment(here):
                found.skipped[f"{here}/"] = "it is a Python environment"
                return
            if here and _is_opaque(folder):
                found.opaque.add(here)
            for entry in entries:
                yield folder, entry
    except FileNotFoundError:  # moved or removed while we looked; the next collect sees it where it is
        found.complete = False
    except OSError as err:
        _skip(found, here, f"it cannot be read ({err.strerror or err})")


def _skip(found: Inside, here: str, reason: str) -> None:
    found.skipped[f"{here}/"] = reason
    found.complete = False


def _note(folder: int, entry: os.DirEntry[str], path: str, found: Inside, waiting: list[str]) -> None:
    if is_passing(entry.name):
        return
    try:
        seen = entry.stat(follow_symlinks=False)
        mode = seen.st_mode
        if stat.S_ISREG(mode):
            found.files[path] = seen
        elif stat.S_ISDIR(mode):
            found.folders.add(path)
            waiting.append(path)
        elif stat.S_ISLNK(mode):
            found.links[path] = os.readlink(entry.name, dir_fd=folder)
        elif stat.S_ISCHR(mode) and seen.st_rdev == 0:
            found.whiteouts.add(path)
        else:
            found.skipped[path] = "it is no regular file"
    except OSError:  # swapped or removed between two looks
        found.complete = False


def _is_opaque(folder: int) -> bool:
    for name in ("trusted.overlay.opaque", "user.overlay.opaque"):
        try:
            if os.getxattr(folder, name) == b"y":
                return True
        except OSError:  # not set, not supported, or readable by root only
            continue
    return False
