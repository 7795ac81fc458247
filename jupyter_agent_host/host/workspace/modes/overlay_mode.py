"""The overlay flavour: the folder read-only below, a private upper folder above, for folders too big to copy.

The kernel documents that layers should not change under a mount, and what it does if they do is this (6.18): what the
person adds or writes in place is seen at once; a file that was looked at and is then replaced or created by rename is
seen when the sandbox is next made. `plan` therefore copies small folders, and this flavour says what it cannot do.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jupyter_agent_host.host.workspace.copy_in.refresh_overlay import renew
from jupyter_agent_host.host.workspace.copy_in.sandbox_owner import Owner
from jupyter_agent_host.host.workspace.copy_in.scan_project import Survey, survey, survey_names
from jupyter_agent_host.host.workspace.copy_out.collect_changes import Round, Told, carry
from jupyter_agent_host.host.workspace.copy_out.copy_out import Known, Publisher
from jupyter_agent_host.host.workspace.copy_out.copy_out_quota import Quota
from jupyter_agent_host.host.workspace.copy_out.pending_change import look_at, take_back
from jupyter_agent_host.host.workspace.copy_out.scan_sandbox import Inside, look_inside
from jupyter_agent_host.host.workspace.files.file_names import reaches_into, shown
from jupyter_agent_host.host.workspace.files.masked_files import Masks
from jupyter_agent_host.host.workspace.files.open_without_links import (
    Check,
    Sides,
    UnusableError,
    lstat_below,
    opened_folder,
    opened_root,
)
from jupyter_agent_host.host.workspace.guards.file_grants import Grants
from jupyter_agent_host.host.workspace.guards.guarded_files import Guard
from jupyter_agent_host.host.workspace.modes.copy_mode import LINK, notes
from jupyter_agent_host.host.workspace.sync_state import UNKNOWN, Entry, Ledger, Stamp, identity, save_ledger
from jupyter_agent_host.host.workspace.workspace_interface import Collected, Look, Refused, WorkspaceRequest
from jupyter_agent_host.sandbox.spec import OverlayWorkspace, WorkspaceMount

FLAVOUR = "overlay"
_SLOW = "Files that you replace while the sandbox runs may be seen by the agent only after its next start."


class LayeredWorkspace:
    """See `Flavour`. `first` is a survey that was made just now, to spare `prepare` the walk."""

    def __init__(self, request: WorkspaceRequest, folder: Path, ledger: Ledger, first: Survey | None) -> None:
        self._folder = folder
        self._state_dir = request.state_dir
        self._layer_dir = request.layer_dir
        self._upper = request.layer_dir / "upper"
        self._work = request.layer_dir / "work"
        self._limit = request.limit
        self._owner = Owner(request.report.file_owner)
        self._masks = Masks(request.settings.masked)
        self.mode = request.settings.mode
        self._guard = Guard(self._masks, all_wait=self.mode == "review")
        self._keeper = request.keeper
        self._quota = Quota(request.settings.max_sync_bytes)
        self._told = Told()
        self._ledger = ledger
        self._first = first
        self._since_ns = time.time_ns()
        self.note = ""
        self.outdated = self.restricted = False

    @property
    def masked(self) -> tuple[str, ...]:
        return tuple(map(shown, self._ledger.masked))

    def prepare(self, check: Check) -> WorkspaceMount:
        with opened_root(self._layer_dir) as parent:
            for place in (self._upper, self._work):
                if not place.exists():
                    self._owner.make_folder(place.name, parent)
        found = self._first or survey_names(self._folder, self._masks, check)
        self._first = None
        hidden = sorted({*found.masked, *found.environments})
        with opened_root(self._upper) as upper, opened_root(self._folder) as person:
            for path in hidden:
                check()
                self._hide(upper, person, path)
        self._ledger.flavour = FLAVOUR
        self._ledger.folder = identity(self._folder)
        self._ledger.masked = sorted(found.masked)
        self._ledger.hidden = hidden
        save_ledger(self._state_dir, self._ledger)
        self.note = f"{notes(found)} {_SLOW}".strip()
        return OverlayWorkspace(self._folder, self._upper, self._work, self._limit)

    def _hide(self, upper: int, person: int, path: str) -> None:
        """A whiteout: in this layer, a character device 0:0 says that nothing is there."""

        def make(folder: str, parent: int) -> None:
            found = lstat_below(person, folder)
            mode = stat.S_IMODE(found.st_mode) & 0o777 if found is not None else 0o755
            self._owner.make_folder(folder.rpartition("/")[2], parent, mode)

        *folders, name = path.split("/")
        try:
            with opened_folder(upper, folders, make) as place:
                os.mknod(name, stat.S_IFCHR | 0o600, os.makedev(0, 0), dir_fd=place)
        except (FileExistsError, UnusableError):
            return  # hidden already, or the agent put something of its own there

    def refresh(self, check: Check) -> None:
        self._quota.reset()
        self._since_ns = time.time_ns()
        with opened_root(self._folder) as person, opened_root(self._upper) as upper:
            if renew(Sides(upper, person), self._ledger, check):
                save_ledger(self._state_dir, self._ledger)

    def collect(self, grants: Grants, check: Check) -> Collected:
        with opened_root(self._folder) as person, opened_root(self._upper) as upper:
            seen = look_inside(upper, check, lambda path: reaches_into(path, grants.patterns))
            found = Round(
                [path for path, now in seen.files.items() if self._changed(path, now)],
                self._missing(seen, person, check),
                seen,
                self._known,
                [Refused(shown(path), LINK) for path in sorted(seen.links)],
            )
            publisher = Publisher(Sides(upper, person), self._guard, grants, self._quota, check, keeper=self._keeper)
            try:
                done = carry(found, publisher, self._ledger, check)
                self._remember_bases(done.kept, person)
                self._drop_whiteouts(upper, person, seen.whiteouts)
            finally:
                save_ledger(self._state_dir, self._ledger)
        return replace(self._told.sum_up(done), kept=self._keeper.take() if self._keeper is not None else ())

    def look(self, path: str, check: Check) -> Look:
        with opened_root(self._folder) as person, opened_root(self._upper) as upper:
            return look_at(Sides(upper, person), path, check)

    def revert(self, paths: Sequence[str], check: Check) -> None:
        # Without them, and without the marks of deletions, the person's files show through.
        take_back(self._upper, paths, self._ledger, check)
        save_ledger(self._state_dir, self._ledger)
        self.outdated = True  # the mount remembers what it found in the upper layer

    def _changed(self, path: str, now: os.stat_result) -> bool:
        entry = self._ledger.entries.get(path)
        return entry is None or not entry.untouched(now)

    def _missing(self, seen: Inside, person: int, check: Check) -> list[str]:
        """Files of the person's that the agent deleted: whited out, below a whiteout, or hidden by a new folder.

        The last is seen by root alone; for others such files simply stay.
        """
        missing = [
            path for path, entry in self._ledger.entries.items() if entry.inside is not None and seen.misses(path)
        ]
        hidden = set(self._ledger.hidden)
        for path in sorted(seen.whiteouts - hidden):
            missing += self._files_at(path, person, check)
        for path in sorted(seen.opaque):
            missing += [file for file in self._files_at(path, person, check) if seen.misses(file)]
        return sorted(set(missing))

    def _files_at(self, path: str, person: int, check: Check) -> list[str]:
        place = self._folder / path
        try:
            found = lstat_below(person, path)
        except OSError:
            return []  # the agent has a folder where the person has a link: what lies behind that is not theirs to lose
        if found is None or not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            return []
        if stat.S_ISREG(found.st_mode):
            return [path]
        # A folder's own name may be a mask; what lies below is judged by its full path.
        below = survey(place, self._masks, check)
        return [f"{path}/{file}" for file in below.files if not self._masks.covers(f"{path}/{file}")]

    def _known(self, path: str) -> Known:
        entry = self._ledger.entries.get(path)

        def stale(found: os.stat_result | None) -> bool:
            if entry is not None and entry.person is not None:
                return entry.person != (None if found is None else Stamp.of_person(found))
            # Nothing is known of it: it counts as seen if it rests since the turn began (to a clock's tick).
            return found is not None and (found.st_ctime_ns > self._since_ns or self._masks.covers(path))

        return Known(entry, stale)

    def _remember_bases(self, kept: Sequence[str], person: int) -> None:
        """What was refused keeps the state of the person's file that it was judged against."""
        for path in kept:
            if path in self._ledger.entries:
                continue
            try:
                found = lstat_below(person, path)
            except OSError:
                continue
            if found is not None:
                stale = self._known(path).stale(found)
                self._ledger.entries[path] = Entry(UNKNOWN if stale else Stamp.of_person(found), None)

    def _drop_whiteouts(self, upper: int, person: int, whiteouts: set[str]) -> None:
        """A deletion that reached the person's folder needs no mark any more; one made again is then seen."""
        for path in whiteouts - set(self._ledger.hidden):
            *folders, name = path.split("/")
            try:
                if lstat_below(person, path) is None:
                    with opened_folder(upper, folders) as place:
                        os.unlink(name, dir_fd=place)
            except OSError:
                continue
