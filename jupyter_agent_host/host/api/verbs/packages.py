"""The verb that lists what the agent installed, and writes it down for the person."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread

from jupyter_agent_host.errors import WorkspaceError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.protocol.host_api import Done, PackagesRequest


async def packages(agent: NotebookAgent, _ref: NotebookRef, request: PackagesRequest) -> Done:
    """List the packages, or write them into a new file beside the notebook.

    Raises:
        WorkspaceError: the file cannot be made, or there is one already.
    """
    found = await (await agent.workspace()).installed()
    if not found:
        return Done(message="The agent installed no packages into its environment.")
    if not request.file:
        return Done(message=f"The agent installed, besides what your kernel has: {', '.join(found)}.")
    place = await anyio.to_thread.run_sync(_write, Path(agent.row.path), request.file, found)
    return Done(message=f"{len(found)} packages are listed in {place}; install them with: %pip install -r {place.name}")


def _write(notebook: Path, name: str, packages: list[str]) -> Path:
    if Path(name).name != name or not name.endswith(".txt"):
        raise WorkspaceError("Name a file of the notebook's folder that ends in .txt, such as requirements-agent.txt.")
    if not notebook.is_absolute():
        raise WorkspaceError("The notebook's folder is not known; save the notebook.")
    place = notebook.parent / name
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in packages))
    except FileExistsError as err:
        raise WorkspaceError(f"There is a file {name} already; name another one.") from err
    except OSError as err:
        raise WorkspaceError(f"{name} cannot be written: {err.strerror}.") from err
    return place
