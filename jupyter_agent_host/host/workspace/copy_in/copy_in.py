"""Bring the person's files into the private copy, and never over what the agent changed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace.copy_in.sandbox_owner import Owner
from jupyter_agent_host.host.workspace.copy_in.scan_project import Survey
from jupyter_agent_host.host.workspace.files.file_content import replace_file
from jupyter_agent_host.host.workspace.files.open_without_links import (
    Check,
    Sides,
    despite_the_sandbox,
    lstat,
    lstat_below,
    opened_file,
    opened_folder,
)
from jupyter_agent_host.host.workspace.sync_state import Entry, Ledger, Stamp


class Bringer:
    """For one refresh: both folders are open. `too_big` lists what would have passed the limits.

    `bounded`: the copy has a file system of its own, which the agent may have filled; that must not end the turn in
    which it could tidy up.
    """

    def __init__(
        self,
        sides: Sides,
        ledger: Ledger,
        owner: Owner,
        settings: WorkspaceSettings,
        check: Check,
        *,
        bounded: bool = False,
    ) -> None:
        self._person = sides.person
        self._inside = sides.inside
        self._ledger = ledger
        self._owner = owner
        self._settings = settings
        self._check = check
        self._bounded = bounded
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
                with self._despite_its_limit([path]), opened_folder(self._inside, path.split("/"), self._make):
                    pass
        wanted = self._wanted(found)
        for folder, paths in groupby(wanted, lambda path: path.rpartition("/")[0]):
            self._bring_files(folder.split("/") if folder else [], list(paths))
        if found.complete:
            for path in [path for path in self._ledger.entries if path not in found.files]:
                self._remove(path)
        for path, target in found.links.items():
            self._link(path, target)

    def _wanted(self, found: Survey) -> list[str]:
        """What is new or newer, within the limits; paths of one folder lie side by side, as the walk found them."""
        entries = self._ledger.entries
        differ = [
            path
            for path, seen in found.files.items()
            if path not in entries or entries[path].person != Stamp.of_person(seen)
        ]
        excess_bytes = found.size_bytes - self._settings.max_copy_bytes
        excess_files = len(found.files) - self._settings.max_copy_files
        while differ and (excess_bytes > 0 or excess_files > 0):
            self.too_big.append(differ.pop())
            excess_bytes -= found.files[self.too_big[-1]].st_size
            excess_files -= 1
        return differ

    def _bring_files(self, folders: list[str], paths: list[str]) -> None:
        """Copy files of one folder."""
        with (
            self._despite_its_limit(paths),
            opened_folder(self._person, folders) as source_place,
            opened_folder(self._inside, folders, self._make) as place,
        ):
            for path in paths:
                self._check()
                # It changed while we looked, cannot be read, or the agent put a link in its way: the next turn tries.
                with self._despite_its_limit([path]):
                    self._bring_file(path, source_place, place)

    def _bring_file(self, path: str, source_place: int, place: int) -> None:
        name = path.rpartition("/")[2]
        if not self._free(path, place, name):
            return
        with opened_file(source_place, name) as (source, found):
            written = replace_file(
                place,
                name,
                source,
                mode=0o600,
                limit_bytes=max(found.st_size, self._settings.max_copy_bytes),
                check=self._check,
                finish=lambda fd: self._dress(fd, found),
            )
        self._ledger.entries[path] = Entry(Stamp.of_person(found), Stamp.of(written))

    @contextmanager
    def _despite_its_limit(self, paths: Sequence[str]) -> Iterator[None]:
        try:
            with despite_the_sandbox():
                yield
        except OSError as err:
            if not self._bounded or err.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.too_big.extend(paths)

    def _dress(self, fd: int, found: os.stat_result) -> None:
        self._owner.give(fd, stat.S_IMODE(found.st_mode) & 0o777 | 0o600)
        os.utime(fd, ns=(found.st_mtime_ns, found.st_mtime_ns))

    def _make(self, path: str, parent: int) -> None:
        mode = self._modes.get(path, 0o755) & 0o777 | 0o700
        self._owner.make_folder(path.rpartition("/")[2], parent, mode)

    def _free(self, path: str, place: int, name: str) -> bool:
        """Whether nothing of the agent's lies there that was not collected."""
        now = lstat(place, name)
        if now is None:
            return True
        # A fresh stamp that still matches is taken for unchanged: the agent rests between two turns.
        entry = self._ledger.entries.get(path)
        return entry is not None and entry.inside == Stamp.of(now)

    def _remove(self, path: str) -> None:
        """The person removed it: so does the host, unless the agent changed it since."""
        entry = self._ledger.entries[path]
        *folders, name = path.split("/")
        with despite_the_sandbox():
            now = lstat_below(self._inside, path)
            if now is not None:
                if entry.inside != Stamp.of(now):
                    return
                with opened_folder(self._inside, folders) as place:
                    os.unlink(name, dir_fd=place)
            del self._ledger.entries[path]

    def _link(self, path: str, target: str) -> None:
        if self._ledger.links.get(path) == target:
            return
        *folders, name = path.split("/")
        with self._despite_its_limit([path]), opened_folder(self._inside, folders, self._make) as place:
            if lstat(place, name) is None:
                os.symlink(target, name, dir_fd=place)
                self._ledger.links[path] = target
