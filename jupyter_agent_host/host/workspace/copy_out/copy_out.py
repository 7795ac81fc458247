"""Carry the agent's changes into the person's folder, as the person: judge, compare, replace."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jupyter_agent_host.host.workspace.copy_out.copy_out_quota import Quota
from jupyter_agent_host.host.workspace.files.file_backups import Keeper
from jupyter_agent_host.host.workspace.files.file_content import replace_file, same_content
from jupyter_agent_host.host.workspace.files.file_names import name_problem, shown
from jupyter_agent_host.host.workspace.files.open_without_links import (
    Check,
    Sides,
    kind_problem,
    lstat,
    opened_file,
    opened_folder,
)
from jupyter_agent_host.host.workspace.files.person_files import dress, make_folder, sentence
from jupyter_agent_host.host.workspace.guards.file_grants import Grants
from jupyter_agent_host.host.workspace.guards.guarded_files import Guard, Guarded
from jupyter_agent_host.host.workspace.guards.project_view import view_of
from jupyter_agent_host.host.workspace.sync_state import Entry, Stamp, is_fresh
from jupyter_agent_host.host.workspace.workspace_interface import Refused
from jupyter_agent_host.protocol.events import FileChange

CHANGED = "you changed it after the agent saw it"
GONE = "you removed it after the agent saw it"
UNSEEN = "you have a file of that name that the agent has not seen"
UNWRITABLE = "the notebook's folder cannot be written"
DELETED = "it was deleted inside, and it is yours"


@dataclass(frozen=True)
class Known:
    """What the flavour knows of one path: its ledger entry, and whether the person changed it since the agent saw it.

    `stale` is given what lies in the person's folder now, None for nothing.
    """

    entry: Entry | None
    stale: Callable[[os.stat_result | None], bool]


@dataclass(frozen=True)
class Published:
    """A file on both sides, alike: its stamps, and what to tell (None: it was alike before)."""

    entry: Entry
    change: FileChange | None


@dataclass(frozen=True)
class Source:
    """An open file of the sandbox's, and its stat before anything of it was read."""

    fd: int
    found: os.stat_result


class _StaysError(Exception):
    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.refused = Refused(shown(path), reason)


class Publisher:
    """For one collect: both folders are open. Every method either does all or nothing."""

    def __init__(
        self, sides: Sides, guard: Guard, grants: Grants, quota: Quota, check: Check, *, keeper: Keeper | None = None
    ) -> None:
        self._inside = sides.inside
        self._person = sides.person
        self._guard = guard
        self._grants = grants
        self._quota = quota
        self._check = check
        self._keeper = keeper
        self._view = view_of(sides.person)

    def write(self, path: str, known: Known) -> Published | Refused:
        """Copy one changed file out."""
        if problem := name_problem(path):
            return Refused(shown(path), problem)
        *folders, name = path.split("/")
        try:
            with opened_folder(self._inside, folders) as place, opened_file(place, name) as (fd, found):
                return self._write(path, known, Source(fd, found))
        except _StaysError as err:
            return err.refused
        except FileNotFoundError:
            return Refused(shown(path), "it vanished while it was copied")
        except OSError as err:
            return Refused(shown(path), sentence(err, "it cannot be read"))

    def _write(self, path: str, known: Known, source: Source) -> Published:
        stamp = Stamp.of(source.found)
        guarded = None if self._grants.lets(path, stamp) else self._guard.judge(path, self._view)
        waits = guarded or self._conflict(path, known, stamp, None)
        *folders, name = path.split("/")
        try:
            with opened_folder(self._person, folders, None if waits else make_folder) as place:
                target = lstat(place, name)
                if target is not None and (alike := self._alike(path, place, target, source, known)):
                    return alike
                if waits := guarded or self._conflict(path, known, stamp, target):
                    raise _StaysError(waits.path, waits.reason)
                return self._replace(path, place, target, source, known)
        except OSError as err:
            if waits is not None:
                raise _StaysError(waits.path, waits.reason) from err
            raise _StaysError(path, sentence(err, UNWRITABLE)) from err

    def _conflict(self, path: str, known: Known, stamp: Stamp, target: os.stat_result | None) -> Guarded | None:
        if self._grants.overrules(path, stamp) or not known.stale(target):
            return None
        if target is None:
            return Guarded(path, GONE)
        seen = known.entry is not None and known.entry.person is not None
        return Guarded(path, CHANGED if seen else UNSEEN)

    def _alike(self, path: str, place: int, target: os.stat_result, source: Source, known: Known) -> Published | None:
        """Whether the person's file holds the same already, after a `touch` or a crash of the host."""
        if problem := kind_problem(target.st_mode):
            raise _StaysError(path, f"in your folder {problem}")
        if target.st_size != source.found.st_size:
            return None
        by_agent = known.entry is not None and known.entry.by_agent
        try:
            with opened_file(place, path.rpartition("/")[2]) as (own, _):
                if not same_content(source.fd, own, self._check):
                    return None
        except PermissionError:
            return None
        if by_agent and (target.st_mode ^ source.found.st_mode) & stat.S_IXUSR:
            return None
        return Published(_entry(target, source, by_agent=by_agent), None)

    def _replace(self, path: str, place: int, target: os.stat_result | None, source: Source, known: Known) -> Published:
        name, size = path.rpartition("/")[2], source.found.st_size
        if problem := self._quota.problem(size):
            raise _StaysError(path, problem)
        if target is not None and not (target.st_mode & 0o222 and os.access(name, os.W_OK, dir_fd=place)):
            raise _StaysError(path, "it is write-protected in your folder")
        by_agent = target is None or (known.entry is not None and known.entry.by_agent and not known.stale(target))
        before = self._keeper.before(place, name, target, self._check) if self._keeper else None
        executable = 0o111 if source.found.st_mode & stat.S_IXUSR else 0
        written = replace_file(
            place,
            name,
            source.fd,
            mode=0o666 | executable if by_agent else 0o600,
            limit_bytes=self._quota.largest(size),
            check=self._check,
            finish=lambda fd: dress(fd, place, None if by_agent else target),
        )
        if self._keeper is not None:
            self._keeper.after(path, before, place, name, written)
        self._quota.spend(written.st_size)
        change = FileChange(path=path, action="modified" if target else "created", size_bytes=written.st_size)
        return Published(_entry(written, source, by_agent=by_agent), change)

    def delete(self, path: str, known: Known) -> FileChange | Refused | None:
        """Remove one file that the agent removed; None if it is not there any more."""
        *folders, name = path.split("/")
        try:
            with opened_folder(self._person, folders) as place:
                target = lstat(place, name)
                if target is None:
                    return None
                self._may_delete(path, target, known)
                before = self._keeper.before(place, name, target, self._check) if self._keeper else None
                os.unlink(name, dir_fd=place)
                if self._keeper is not None:
                    self._keeper.after(path, before, place, name, None)
        except _StaysError as err:
            return err.refused
        except FileNotFoundError:
            return None
        except OSError as err:
            return Refused(shown(path), sentence(err, UNWRITABLE))
        return FileChange(path=path, action="deleted")

    def _may_delete(self, path: str, target: os.stat_result, known: Known) -> None:
        if problem := kind_problem(target.st_mode):
            raise _StaysError(path, f"it was deleted inside; in your folder {problem}")
        if known.stale(target) and not self._grants.overrules(path, None):
            raise _StaysError(path, f"it was deleted inside, but {CHANGED}")
        own = known.entry is not None and known.entry.by_agent
        if (not own or self._guard.all_wait) and not self._grants.lets(path, None):
            raise _StaysError(path, DELETED)

    def remove_empty(self, folders: Sequence[str]) -> None:
        """Remove these folders where they are empty, deepest first; those that are not stay, silently."""
        for path in sorted(folders, key=lambda path: -path.count("/")):
            *above, name = path.split("/")
            try:
                with opened_folder(self._person, above) as place:
                    os.rmdir(name, dir_fd=place)
            except OSError:
                continue


def _entry(person: os.stat_result, source: Source, *, by_agent: bool) -> Entry:
    return Entry(Stamp.of_person(person), Stamp.of(source.found), by_agent, is_fresh(source.found))
