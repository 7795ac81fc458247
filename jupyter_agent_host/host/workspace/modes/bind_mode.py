"""The bind flavour, an opt-in: the sandbox writes the person's folder itself; the host only looks what changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from jupyter_agent_host.host.workspace.copy_in.scan_project import Bounds, survey
from jupyter_agent_host.host.workspace.files.file_backups import Kept, KeptSide
from jupyter_agent_host.host.workspace.files.masked_files import Masks
from jupyter_agent_host.host.workspace.files.open_without_links import Check
from jupyter_agent_host.host.workspace.guards.file_grants import Grants
from jupyter_agent_host.host.workspace.sync_state import Stamp
from jupyter_agent_host.host.workspace.workspace_interface import Collected, Look, WorkspaceRequest
from jupyter_agent_host.protocol.events import FileChange
from jupyter_agent_host.sandbox.spec import BindWorkspace, WorkspaceMount

_NOTE = "The agent reads and writes your folder directly: nothing is masked, and guarded files do not wait for a grant."


class BoundWorkspace:
    """See `Flavour`. Changes are told within the limits for copies; what the person changed meanwhile is told, too."""

    outdated = restricted = False
    mode = "bind"
    masked: tuple[str, ...] = ()

    def __init__(self, request: WorkspaceRequest, folder: Path) -> None:
        self._folder = folder
        self._masks = Masks(request.settings.masked)
        self._bounds = Bounds(1 << 62, request.settings.max_copy_files)
        self._seen: dict[str, Stamp] | None = None
        owner = request.report.file_owner
        self.note = _NOTE
        if owner is not None and os.geteuid() == 0 and owner[0] != folder.stat().st_uid:
            self.note += f" It does so as user {owner[0]}, who may not write files of yours."

    def prepare(self, check: Check) -> WorkspaceMount:
        self.refresh(check)
        return BindWorkspace(self._folder)

    def refresh(self, check: Check) -> None:
        self._seen = self._look(check)

    def look(self, path: str, check: Check) -> Look:
        del path
        check()
        return Look(None, None)

    def revert(self, paths: Sequence[str], check: Check) -> None:
        del paths
        check()

    def collect(self, grants: Grants, check: Check) -> Collected:
        del grants
        before, self._seen = self._seen, self._look(check)
        if before is None or self._seen is None:
            return Collected()
        changes = [
            FileChange(path=path, action="modified" if path in before else "created", size_bytes=stamp.size)
            for path, stamp in self._seen.items()
            if before.get(path) != stamp
        ]
        gone = [FileChange(path=path, action="deleted") for path in before if path not in self._seen]
        files = tuple(sorted(changes + gone, key=lambda change: change.path))
        kept = tuple(
            Kept(change.path, _side(before.get(change.path)), _side(self._seen.get(change.path))) for change in files
        )
        return Collected(files=files, kept=kept)

    def _look(self, check: Check) -> dict[str, Stamp] | None:
        found = survey(self._folder, self._masks, check, self._bounds)
        if not found.complete:
            return None
        return {path: Stamp.of(seen) for path, seen in found.files.items()}


def _side(stamp: Stamp | None) -> KeptSide | None:
    """What can be told of a file that the host neither wrote nor kept."""
    return None if stamp is None else KeptSide(stamp.size, stamp.mtime_ns, stamp.inode)
