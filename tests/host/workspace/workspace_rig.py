"""What the tests of all flavours ask: what a collect told, and the folder that a sandbox sees."""

from __future__ import annotations

from pathlib import Path

from jupyter_agent_host.host.workspace import Collected, Workspace
from jupyter_agent_host.sandbox.spec import BindWorkspace


async def inside(workspace: Workspace) -> Path:
    """Prepare, and the folder that a sandbox would see as /workspace."""
    mount = await workspace.prepare()
    assert isinstance(mount, BindWorkspace)
    return mount.source


def told(collected: Collected) -> dict[str, str]:
    return {change.path: change.action for change in collected.files}


def refused(collected: Collected) -> dict[str, str]:
    return {item.path: item.reason for item in collected.refused}
