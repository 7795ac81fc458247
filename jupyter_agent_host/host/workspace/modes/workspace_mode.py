"""What the kinds of workspaces have in common: blocking halves that run in a thread, one call at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jupyter_agent_host.host.workspace.files.open_without_links import Check
from jupyter_agent_host.host.workspace.guards.file_grants import Grants
from jupyter_agent_host.host.workspace.workspace_interface import Collected, Look
from jupyter_agent_host.sandbox.spec import WorkspaceMount


class Flavour(Protocol):
    """See `Workspace`. `check` raises when the call was cancelled; every method may block and raise OSError."""

    @property
    def mode(self) -> str: ...

    @property
    def note(self) -> str: ...

    @property
    def masked(self) -> tuple[str, ...]: ...

    @property
    def outdated(self) -> bool: ...

    @property
    def restricted(self) -> bool: ...

    def prepare(self, check: Check) -> WorkspaceMount: ...

    def refresh(self, check: Check) -> None: ...

    def collect(self, grants: Grants, check: Check) -> Collected: ...

    def look(self, path: str, check: Check) -> Look: ...

    def revert(self, paths: Sequence[str], check: Check) -> None: ...
