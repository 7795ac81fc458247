"""The verb that chooses which folder the agent sees."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread

from jupyter_agent_host.errors import WorkspaceError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.host.workspace.copy_in.forbidden_folders import folder_problem
from jupyter_agent_host.host.workspace.notebook_workspace import project_of
from jupyter_agent_host.host.workspace.project import Project
from jupyter_agent_host.protocol.host_api import Done, FolderRequest
from jupyter_agent_host.store.journal.rows import NotebookRow


async def folder(agent: NotebookAgent, _ref: NotebookRef, request: FolderRequest) -> Done:
    """Tell, choose or forget the folder. A sandbox that runs is stopped, since its mounts cannot be changed.

    Raises:
        WorkspaceError: there is no such folder, or it is one that is never shown.
    """
    settings = agent.services.settings
    if request.target or request.reset:
        chosen = ""
        if request.target:
            chosen = await anyio.to_thread.run_sync(_checked, request.target, agent.row, settings)
        if chosen != agent.row.folder:
            await agent.state.update(folder=chosen)
            await agent.stop()
    project = await anyio.to_thread.run_sync(project_of, agent.row, settings)
    return Done(message=_sentence(project, changed=bool(request.target or request.reset)))


def _checked(target: str, row: NotebookRow, settings: HostSettings) -> str:
    base = Path(row.path).parent if row.path else Path.home()
    place = (base / Path(target).expanduser()).resolve()
    if not place.is_dir():
        raise WorkspaceError(f"There is no folder {place}.")
    root = settings.workspace.root
    if root is not None and place != root.resolve() and root.resolve() not in place.parents:
        raise WorkspaceError(f"{place} does not lie in the server's root folder {root}.")
    if problem := folder_problem(place, settings.data_dir):
        raise WorkspaceError(f"{place} {problem}, so it is never shown to an agent as a whole. Choose a folder in it.")
    return str(place)


def _sentence(project: Project, *, changed: bool) -> str:
    if project.folder is None:
        return "The notebook's folder is not known, so the agent sees none."
    when = "From the next prompt on the agent sees" if changed else "The agent sees"
    why = "chosen for this notebook" if project.chosen else "the notebook's project or folder"
    start = f"; commands start in {project.place}" if project.place else ""
    return f"{when} {project.folder} ({why}){start}."
