"""Bring the person's later edits of files that the agent wrote into an overlay's upper folder, in place.

Writing into the file that is there is seen through the mount at once; a new file in its stead would not be.
"""

from __future__ import annotations

import os
from contextlib import suppress

from jupyter_agent_host.host.workspace.files.file_content import copy_content
from jupyter_agent_host.host.workspace.files.open_without_links import (
    Check,
    Sides,
    despite_the_sandbox,
    lstat_below,
    opened_file,
    opened_folder,
)
from jupyter_agent_host.host.workspace.sync_state import Entry, Ledger, Stamp, is_fresh

_NO_LIMIT = 1 << 62


def renew(sides: Sides, ledger: Ledger, check: Check) -> bool:
    """Whether anything was renewed. Files that the agent changed since the last collect are left alone."""
    changed = False
    for path, entry in list(ledger.entries.items()):
        if entry.inside is None:
            continue
        with despite_the_sandbox():
            now = lstat_below(sides.person, path)
            if (None if now is None else Stamp.of_person(now)) != entry.person:
                changed |= _renew(sides, path, ledger, check)
    return changed


def _renew(sides: Sides, path: str, ledger: Ledger, check: Check) -> bool:
    *folders, name = path.split("/")
    with opened_folder(sides.inside, folders) as place, opened_file(place, name, os.O_RDWR) as (target, now):
        if ledger.entries[path].inside != Stamp.of(now):
            return False
        with suppress(FileNotFoundError):
            with (
                opened_folder(sides.person, folders) as source_place,
                opened_file(source_place, name) as (source, found),
            ):
                os.ftruncate(target, 0)
                copy_content(source, target, _NO_LIMIT, check)
                written = os.fstat(target)
                ledger.entries[path] = Entry(Stamp.of_person(found), Stamp.of(written), fresh=is_fresh(written))
            return True
        os.unlink(name, dir_fd=place)
        del ledger.entries[path]
        return True
