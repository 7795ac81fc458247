"""A notebook's folder and a workspace on it, as the host would use them; the sandbox is played by plain file writes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace import Workspace, WorkspaceRequest, plan_workspace
from jupyter_agent_host.host.workspace.files.file_backups import Keeper
from jupyter_agent_host.sandbox.spec import ProviderReport

Make = Callable[..., Workspace]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The person's folder with a notebook, data, and a secret."""
    place = tmp_path / "project"
    (place / "data").mkdir(parents=True)
    (place / "nb.ipynb").write_text("{}")
    (place / "sales.csv").write_text("month,revenue\nmay,3\n")
    (place / "data" / "more.csv").write_text("1,2\n")
    (place / ".env").write_text("TOKEN=secret\n")
    return place


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def make(folder: Path, state: Path) -> Make:
    """A workspace; called again it is what a restarted host would have."""

    def make(
        settings: WorkspaceSettings = WorkspaceSettings(),
        report: ProviderReport | None = None,
        grants: tuple[str, ...] = (),
        place: Path | None = folder,
    ) -> Workspace:
        report = report or report_of()
        keeper = Keeper(state.parent / "kept", 1024**2)
        return plan_workspace(WorkspaceRequest(settings, place, state, report, grants, "nb.ipynb", keeper))

    return make


def report_of(*, overlay: bool = False, owner: tuple[int, int] | None = None, shared: bool = True) -> ProviderReport:
    return ProviderReport(
        provider="test",
        available=True,
        reason="",
        overlay=overlay,
        shared_filesystem=shared,
        file_owner=owner or (os.geteuid(), os.getegid()),
    )
