"""Bring the person's files into the private copy, and never over what the agent changed."""

from __future__ import annotations

import os
import stat

from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace.files import (
    Check,
    Sides,
    UnusableError,
    lstat,
    lstat_below,
    opened_file,
    opened_folder,
    replace_file,
)
from jupyter_agent_host.host.workspace.ledger import Entry, Ledger, Stamp, is_fresh
from jupyter_agent_host.host.workspace.owner import Owner
from jupyter_agent_host.host.workspace.survey import Survey


class Bringer:
    """For one refresh: both folders are open. `too_big` lists what would have passed the limits."""

    def __init__(self, sides: Sides, ledger: Ledger, owner: Owner, settings: WorkspaceSettings, check: Check) -> None:
        self._person = sides.person
        self._inside = sides.inside
        self._ledger = ledger
        self._owner = owner
        self._settings = settings
        self._check = check
        self._modes: dict[str, int] = {}
        self.too_big: list[str] = []

    def bring(self, found: Survey) -> None:
        """Copy what is new or newer, remove what the person removed, make links and folders.

        Raises:
            OSError: the copy cannot be written, such as on a full disk. What was copied stays.
        """
        self._modes = {path: stat.S_IMODE(folder.st_mode) for path, folder in found.folders.items()}
        if not self._ledger.entries:
            for path in found.folders:
                self._check()
                with opened_folder(self._inside, path.split("/"), self._make):
                    pass
        kept_bytes = found.size_bytes
        for path, seen in found.files.items():
            entry = self._ledger.entries.get(path)
            if entry is not None and entry.person == Stamp.of(seen):
                continue
            if kept_bytes > self._settings.max_copy_bytes or len(found.files) > self._settings.max_copy_files:
                self.too_big.append(path)
                kept_bytes -= seen.st_size
                continue
            self._check()
            self._bring_file(path, entry)
        if found.complete:
            for path in [path for path in self._ledger.entries if path not in found.files]:
                self._remove(path)
        for path, target in found.links.items():
            self._link(path, target)

    def _bring_file(self, path: str, entry: Entry | None) -> None:
        *folders, name = path.split("/")
        try:
            if not self._free(path, entry):
                return
            with (
                opened_folder(self._person, folders) as source_place,
                opened_file(source_place, name) as (source, found),
                opened_folder(self._inside, folders, self._make) as place,
            ):
                written = replace_file(
                    place,
                    name,
                    source,
                    mode=0o600,
                    limit_bytes=max(found.st_size, self._settings.max_copy_bytes),
                    check=self._check,
                    finish=lambda fd: self._dress(fd, found),
                )
        except (FileNotFoundError, UnusableError, PermissionError):
            return  # it changed while we looked, cannot be read, or the agent put a link in its way
        self._ledger.entries[path] = Entry(Stamp.of(found), Stamp.of(written), fresh=is_fresh(written))

    def _dress(self, fd: int, found: os.stat_result) -> None:
        self._owner.give(fd, stat.S_IMODE(found.st_mode) & 0o777 | 0o600)
        os.utime(fd, ns=(found.st_mtime_ns, found.st_mtime_ns))

    def _make(self, path: str, parent: int) -> None:
        mode = self._modes.get(path, 0o755) & 0o777 | 0o700
        self._owner.make_folder(path.rpartition("/")[2], parent, mode)

    def _free(self, path: str, entry: Entry | None) -> bool:
        """Whether nothing of the agent's lies there that was not collected."""
        now = lstat_below(self._inside, path)
        if now is None:
            return True
        # A fresh stamp that still matches is taken for unchanged: the agent rests between two turns.
        return entry is not None and entry.inside == Stamp.of(now)

    def _remove(self, path: str) -> None:
        """The person removed it: so does the host, unless the agent changed it since."""
        entry = self._ledger.entries[path]
        *folders, name = path.split("/")
        try:
            with opened_folder(self._inside, folders) as place:
                now = lstat(place, name)
                if now is not None and entry.inside != Stamp.of(now):
                    return
                if now is not None:
                    os.unlink(name, dir_fd=place)
        except FileNotFoundError:
            pass
        except UnusableError:
            return
        del self._ledger.entries[path]

    def _link(self, path: str, target: str) -> None:
        if self._ledger.links.get(path) == target:
            return
        *folders, name = path.split("/")
        try:
            with opened_folder(self._inside, folders, self._make) as place:
                if lstat(place, name) is None:
                    os.symlink(target, name, dir_fd=place)
                    self._ledger.links[path] = target
        except UnusableError:
            return
