"""The copy flavour: the sandbox works in a private copy of the folder; host code carries changes both ways."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jupyter_agent_host.host.settings import WorkspaceMode
from jupyter_agent_host.host.workspace.copy_in.copy_in import Bringer
from jupyter_agent_host.host.workspace.copy_in.sandbox_owner import Owner
from jupyter_agent_host.host.workspace.copy_in.scan_project import Survey, survey
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
    despite_the_sandbox,
    lstat,
    lstat_below,
    opened_root,
)
from jupyter_agent_host.host.workspace.guards.file_grants import Grants
from jupyter_agent_host.host.workspace.guards.guarded_files import Guard
from jupyter_agent_host.host.workspace.sync_state import Ledger, Stamp, identity, save_ledger
from jupyter_agent_host.host.workspace.workspace_interface import Collected, Look, Refused, WorkspaceRequest
from jupyter_agent_host.sandbox.spec import BindWorkspace, WorkspaceMount

FLAVOUR = "copy"
PLAIN = "plain"
LINK = "it is a symbolic link"
UNSEEN_PLACE = "it lies in a place that the agent was not shown; choose a folder for it with %agent folder PATH"


class CopiedWorkspace:
    """See `Flavour`. `first` is a survey that was made just now, to spare `prepare` the walk.

    `plain` says why only the plain files right in the folder are shown, "" where all of it is. Then nothing but such
    files, and new folders of the agent's, can reach the person's folder, and each waits for the person.
    """

    outdated = False

    def __init__(
        self, request: WorkspaceRequest, folder: Path, ledger: Ledger, first: Survey | None, *, plain: str = ""
    ) -> None:
        self._folder = folder
        self._plain = plain
        self.restricted = bool(plain)
        self._state_dir = request.state_dir
        self._layer_dir = request.layer_dir
        self._tree = request.layer_dir / "copy"
        self._limit = request.limit
        self._bounded = request.layer is not None and request.layer.rung == "volume"
        self._settings = request.settings
        self._owner = Owner(request.report.file_owner)
        self._masks = Masks(request.settings.masked)
        self.mode: WorkspaceMode = "review" if plain else request.settings.mode
        self._place = request.place
        self._guard = Guard(self._masks, all_wait=self.mode == "review")
        self._keeper = request.keeper
        self._quota = Quota(request.settings.max_sync_bytes)
        self._told = Told()
        self._ledger = ledger
        self._first = first
        self.note = plain

    @property
    def masked(self) -> tuple[str, ...]:
        return tuple(map(shown, self._ledger.masked))

    def prepare(self, check: Check) -> WorkspaceMount:
        if not self._tree.exists():
            with opened_root(self._layer_dir) as parent:
                self._owner.make_folder(self._tree.name, parent)
        self._bring(self._survey(check), check)
        self._first = None
        return BindWorkspace(self._tree, self._limit)

    def refresh(self, check: Check) -> None:
        self._quota.reset()
        self._bring(self._survey(check), check)

    def _survey(self, check: Check) -> Survey:
        if not self._plain:
            return self._first or survey(self._folder, self._masks, check)
        found = self._first or survey(self._folder, self._masks, check, plain_only=True)
        with opened_root(self._folder) as person:
            for path in [path for path in self._ledger.entries if "/" in path]:  # folders of the agent's own
                with despite_the_sandbox():
                    seen = lstat_below(person, path)
                    if seen is not None and stat.S_ISREG(seen.st_mode):
                        found.files[path] = seen
        return found

    def _bring(self, found: Survey, check: Check) -> None:
        self._ledger.flavour = PLAIN if self._plain else FLAVOUR
        self._ledger.folder = identity(self._folder)
        self._ledger.masked = sorted(found.masked)
        try:
            with opened_root(self._folder) as person, opened_root(self._tree) as inside:
                bringer = Bringer(
                    Sides(inside, person), self._ledger, self._owner, self._settings, check, bounded=self._bounded
                )
                bringer.bring(found)
        finally:
            save_ledger(self._state_dir, self._ledger)
        self.note = f"{self._plain} {notes(found, bringer.too_big)}".strip()

    def collect(self, grants: Grants, check: Check) -> Collected:
        with opened_root(self._folder) as person, opened_root(self._tree) as inside:
            seen = look_inside(inside, check, lambda path: reaches_into(path, grants.patterns))
            publisher = Publisher(Sides(inside, person), self._guard, grants, self._quota, check, keeper=self._keeper)
            unseen = self._unseen(seen, person)
            found = Round(
                [path for path in self._changed(seen) if path not in unseen],
                self._missing(seen),
                seen,
                self._known,
                [*self._foreign_links(seen), *(Refused(shown(path), UNSEEN_PLACE) for path in unseen)],
            )
            size = len(self._ledger.entries)
            try:
                done = carry(found, publisher, self._ledger, check)
            except BaseException:
                save_ledger(self._state_dir, self._ledger)
                raise
            if done.dirty or size != len(self._ledger.entries):
                save_ledger(self._state_dir, self._ledger)
        return replace(self._told.sum_up(done), kept=self._keeper.take() if self._keeper is not None else ())

    def look(self, path: str, check: Check) -> Look:
        with opened_root(self._folder) as person, opened_root(self._tree) as inside:
            return look_at(Sides(inside, person), path, check)

    def revert(self, paths: Sequence[str], check: Check) -> None:
        # Forgotten, they are brought in again like any file that the copy lacks.
        take_back(self._tree, paths, self._ledger, check)
        save_ledger(self._state_dir, self._ledger)
        self.refresh(check)

    def _changed(self, seen: Inside) -> list[str]:
        entries = self._ledger.entries
        changed = []
        for path, found in seen.files.items():
            entry = entries.get(path)
            if entry is None or not entry.untouched(found):
                changed.append(path)
        return changed

    def _unseen(self, seen: Inside, person: int) -> list[str]:
        """Files in places of the person's that the agent was not shown; nothing lets these through."""
        if not self._plain:
            return []
        own = {path.partition("/")[0] for path in self._ledger.entries if "/" in path}
        tops = {path.partition("/")[0] for path in seen.files if "/" in path} - own
        taken = {top for top in tops if lstat(person, top) is not None}
        return [path for path in seen.files if path.startswith(".") or path.partition("/")[0] in taken]

    def _missing(self, seen: Inside) -> list[str]:
        return [path for path in self._ledger.entries if seen.misses(path)]

    def _foreign_links(self, seen: Inside) -> list[Refused]:
        own = self._ledger.links
        return [Refused(shown(path), LINK) for path, target in sorted(seen.links.items()) if own.get(path) != target]

    def _known(self, path: str) -> Known:
        entry = self._ledger.entries.get(path)
        base = entry.person if entry is not None else None

        def stale(found: os.stat_result | None) -> bool:
            return base != (None if found is None else Stamp.of_person(found))

        return Known(entry, stale)


def notes(found: Survey, too_big: Sequence[str] = ()) -> str:
    """What of the folder is not shown besides secrets, in one sentence; "" for nothing."""
    parts = []
    if found.environments:
        parts.append(f"Python environments ({_some(found.environments)})")
    if found.left_out:
        parts.append(f"links to other places, special and unreadable files ({_some(found.left_out)})")
    if too_big:
        parts.append(f"what was added since and is too big to copy ({_some(too_big)})")
    return f"The agent does not see {' and '.join(parts)}." if parts else ""


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""  # noqa: PLR2004 - three examples are enough
    return ", ".join(shown(path) for path in sorted(paths)[:3]) + more
