"""Look at one change that waits, or take it back inside; the sandbox may be moving things meanwhile."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jupyter_agent_host.host.workspace.files.file_backups import MAX_TEXT_BYTES, is_text
from jupyter_agent_host.host.workspace.files.open_without_links import (
    Check,
    Sides,
    UnusableError,
    despite_the_sandbox,
    lstat,
    opened_file,
    opened_folder,
    opened_root,
)
from jupyter_agent_host.host.workspace.sync_state import Ledger
from jupyter_agent_host.host.workspace.workspace_interface import Look


def look_at(sides: Sides, path: str, check: Check) -> Look:
    """Both sides of a path, where they are texts of at most 1 MiB."""
    check()
    try:
        person, inside = _read(sides.person, path), _read(sides.inside, path)
    except UnusableError:
        return Look(None, None, too_big=True)
    return Look(person, inside)


def _read(root: int, path: str) -> bytes | None:
    *folders, name = path.split("/")
    try:
        with opened_folder(root, folders) as place, opened_file(place, name) as (fd, found):
            if found.st_size > MAX_TEXT_BYTES:
                raise UnusableError("it is too large to be shown")
            data = os.pread(fd, MAX_TEXT_BYTES + 1, 0)
    except FileNotFoundError:
        return None
    if len(data) > MAX_TEXT_BYTES or not is_text(data):
        raise UnusableError("it is no text")
    return data


def take_back(folder: Path, paths: Sequence[str], ledger: Ledger, check: Check) -> None:
    """Remove the agent's files in a folder of the sandbox's, and forget what was known of them."""
    with opened_root(folder) as root:
        for path in paths:
            check()
            _remove(root, path)
            ledger.entries.pop(path, None)


def _remove(root: int, path: str) -> None:
    """Remove a file, a link, or an overlay's mark of a deletion; whatever else lies there stays."""
    *folders, name = path.split("/")
    with despite_the_sandbox(), suppress(FileNotFoundError), opened_folder(root, folders) as place:
        found = lstat(place, name)
        if found is not None and not stat.S_ISDIR(found.st_mode):
            os.unlink(name, dir_fd=place)
