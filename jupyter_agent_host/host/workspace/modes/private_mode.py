"""The private flavour: an empty folder that stays with the notebook; nothing goes in or out."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_agent_host.host.workspace.copy_in.sandbox_owner import Owner
from jupyter_agent_host.host.workspace.files.open_without_links import Check, opened_root
from jupyter_agent_host.host.workspace.guards.file_grants import Grants
from jupyter_agent_host.host.workspace.workspace_interface import Collected, Look, WorkspaceRequest
from jupyter_agent_host.sandbox.spec import BindWorkspace, ScratchWorkspace, WorkspaceMount


class PrivateWorkspace:
    """See `Flavour`. `note` says why it is private if that was not asked for."""

    outdated = False
    mode = "private"
    masked: tuple[str, ...] = ()

    def __init__(self, request: WorkspaceRequest, note: str = "") -> None:
        self._shared = request.report.shared_filesystem
        self._owner = Owner(request.report.file_owner)
        self._layer_dir = request.layer_dir
        self._limit = request.limit
        self.note = note
        self.restricted = bool(note)

    def prepare(self, check: Check) -> WorkspaceMount:
        check()
        if not self._shared:
            return ScratchWorkspace()
        tree = self._layer_dir / "private"
        if not tree.exists():
            with opened_root(self._layer_dir) as parent:
                self._owner.make_folder(tree.name, parent)
        return BindWorkspace(tree, self._limit)

    def refresh(self, check: Check) -> None:
        check()

    def collect(self, grants: Grants, check: Check) -> Collected:
        del grants
        check()
        return Collected()

    def look(self, path: str, check: Check) -> Look:
        del path
        check()
        return Look(None, None)

    def revert(self, paths: Sequence[str], check: Check) -> None:
        del paths
        check()
