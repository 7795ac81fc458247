"""One walk over the notebook's folder: what a sandbox may see of it."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_agent_host.host.workspace.files.file_names import name_problem
from jupyter_agent_host.host.workspace.files.masked_files import Masks, is_environment, is_passing
from jupyter_agent_host.host.workspace.files.open_without_links import Check

_CHECK_EVERY = 512
MAX_ENTRIES = 1_000_000
_NO_STAT = os.stat_result((0,) * 10)


@dataclass
class Survey:
    """Relative paths of what is shown, and of what is not.

    Attributes:
        files, folders: by path, with their stat, folders before what is in them.
        links: symbolic links that stay inside the folder, with their targets.
        masked: secrets; a folder stands for all in it.
        environments: virtual environments, the running Python's among them.
        left_out: links that lead outside, special files, unreadable folders, names that cannot be used.
        entries: how many names were looked at by `survey_names`.
        complete: False when there were more than `MAX_ENTRIES` entries or more than the limits asked for.
    """

    files: dict[str, os.stat_result] = field(default_factory=dict)
    folders: dict[str, os.stat_result] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    masked: list[str] = field(default_factory=list)
    environments: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    size_bytes: int = 0
    entries: int = 0
    complete: bool = True


@dataclass(frozen=True)
class Bounds:
    """Where a walk stops early, since a copy would be too big anyway."""

    max_bytes: int
    max_files: int


def survey(
    folder: Path, masks: Masks, check: Check, bounds: Bounds | None = None, *, plain_only: bool = False
) -> Survey:
    """Walk the folder; a walk that passes `bounds` stops and says so. Blocking.

    `plain_only`: only the regular files right in the folder, without those whose names begin with a dot.

    Raises:
        OSError: the folder itself cannot be read.
    """
    found = Survey()
    entries = 0
    waiting = [""]
    while waiting:
        here = waiting.pop()
        for entry in _entries(folder, here, found):
            entries += 1
            if plain_only and (entry.name.startswith(".") or not entry.is_file(follow_symlinks=False)):
                continue
            _note(entry, f"{here}/{entry.name}" if here else entry.name, masks, found, waiting)
            if entries % _CHECK_EVERY == 0:
                check()
                if entries > MAX_ENTRIES or (bounds is not None and _too_big(found, bounds)):
                    break
        if entries > MAX_ENTRIES or (bounds is not None and _too_big(found, bounds)):
            found.complete = False
            return found
    return found


def survey_names(folder: Path, masks: Masks, check: Check) -> Survey:
    """As `survey`, but what is shown is only counted: `files` and `folders` stay empty. Blocking.

    Reads names and types alone, which takes a second for half a million files.

    Raises:
        OSError: the folder itself cannot be read.
    """
    found = Survey()
    waiting = [""]
    while waiting:
        here = waiting.pop()
        prefix = f"{here}/" if here else ""
        found.folders[here] = _NO_STAT
        for entry in _entries(folder, here, found):
            found.entries += 1
            if found.entries % _CHECK_EVERY == 0:
                check()
                if found.entries > MAX_ENTRIES:
                    found.complete = False
                    return found
            _note_name(entry, prefix + entry.name, masks, found, waiting)
        found.folders.pop(here, None)
    return found


def _note_name(entry: os.DirEntry[str], path: str, masks: Masks, found: Survey, waiting: list[str]) -> None:
    if masks.may_hide(entry.name) and not is_passing(entry.name) and masks.hides(path):
        found.masked.append(path)
    elif entry.is_dir(follow_symlinks=False):
        if not is_passing(entry.name):
            waiting.append(path)
    elif entry.is_file(follow_symlinks=False):
        return
    elif not _leads_inside(entry, path):
        found.left_out.append(path)


def _leads_inside(entry: os.DirEntry[str], path: str) -> bool:
    try:
        return leads_inside(path, os.readlink(entry.path))  # noqa: PTH115 - an entry's path
    except OSError:  # a special file, or removed meanwhile
        return False


def _too_big(found: Survey, bounds: Bounds) -> bool:
    return found.size_bytes > bounds.max_bytes or len(found.files) > bounds.max_files


def _entries(folder: Path, here: str, found: Survey) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder / here) as scan:
            entries = list(scan)
    except OSError:
        if not here:
            raise
        found.left_out.append(f"{here}/")
        found.folders.pop(here, None)
        return
    if here and is_environment([entry.name for entry in entries]):
        found.environments.append(here)
        del found.folders[here]
        return
    yield from entries


def _note(entry: os.DirEntry[str], path: str, masks: Masks, found: Survey, waiting: list[str]) -> None:
    if is_passing(entry.name):
        return
    if masks.hides(path):
        found.masked.append(path)
        return
    try:
        seen = entry.stat(follow_symlinks=False)
        target = os.readlink(entry.path) if stat.S_ISLNK(seen.st_mode) else ""  # noqa: PTH115 - an entry's path
    except OSError:  # removed meanwhile, or unreadable
        return
    if name_problem(entry.name):
        found.left_out.append(path)
    elif stat.S_ISDIR(seen.st_mode):
        found.folders[path] = seen
        waiting.append(path)
    elif stat.S_ISREG(seen.st_mode):
        found.files[path] = seen
        found.size_bytes += seen.st_size
    elif target and leads_inside(path, target):
        found.links[path] = target
    else:
        found.left_out.append(path)


def leads_inside(path: str, target: str) -> bool:
    """Whether a relative link at `path` stays within the folder, taken by its text."""
    if target.startswith("/") or name_problem(target):
        return False
    reached = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return reached != ".." and not reached.startswith("../")
