"""The workspace of one notebook on this host: where its private state and its kept files lie, and how it is planned."""

from __future__ import annotations

import hashlib
from pathlib import Path

from jupyter_agent_host.host.disk_quota import Layers
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.host.workspace.files.file_backups import Keeper
from jupyter_agent_host.host.workspace.managed_workspace import plan_workspace
from jupyter_agent_host.host.workspace.project import Project, ProjectRules, find_project
from jupyter_agent_host.host.workspace.workspace_interface import Workspace, WorkspaceRequest
from jupyter_agent_host.sandbox.spec import ProviderReport
from jupyter_agent_host.store.journal.rows import NotebookRow


def workspace_for(row: NotebookRow, settings: HostSettings, layers: Layers, report: ProviderReport) -> Workspace:
    """The notebook's workspace; its private state outlives every sandbox. Looks for the project's folder: blocking."""
    project = project_of(row, settings)
    path = Path(row.path) if row.path else None
    return plan_workspace(
        WorkspaceRequest(
            settings=settings.workspace,
            folder=project.folder,
            place=project.place,
            state_dir=state_dir(settings.data_dir, row.notebook_id),
            report=report,
            grants=row.grants,
            notebook_name=path.name if path else "",
            keeper=file_keeper(settings, row.notebook_id),
            layers=layers,
        )
    )


def project_of(row: NotebookRow, settings: HostSettings) -> Project:
    """The folder that the notebook's agent sees. Blocking, shortly."""
    wanted = settings.workspace
    rules = ProjectRules(wanted.markers, wanted.root, settings.data_dir, wanted.masked)
    return find_project(Path(row.path).parent if row.path else None, rules, row.folder)


def file_keeper(settings: HostSettings, notebook_id: str) -> Keeper:
    """Keeps the notebook's files as they were before the host changed them."""
    folder = settings.data_dir / "checkpoints" / _folder_name(notebook_id)
    return Keeper(folder, settings.review.max_bytes)


def state_dir(data_dir: Path, notebook_id: str) -> Path:
    """Where one notebook's private workspace state lies; short, since sockets and overlay options count bytes."""
    return workspaces_dir(data_dir) / _folder_name(notebook_id)


def workspaces_dir(data_dir: Path) -> Path:
    """Where those of all notebooks lie."""
    return data_dir / "workspaces"


def _folder_name(notebook_id: str) -> str:
    return hashlib.sha256(notebook_id.encode()).hexdigest()[:16]
