"""The agent in notebook cells: `%load_ext jupyter_agent_host`, then `%%agent`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_agent_host.notebook.magics import AgentMagics

__all__ = ["register"]


def register(shell: InteractiveShell) -> AgentMagics:
    """Give this shell `%%agent` and `%agent`. Loading the extension again keeps the connection that there is."""
    from jupyter_agent_host.notebook.magics import AgentMagics  # noqa: PLC0415 - the server renders without IPython

    magics = shell.magics_manager.registry.get("AgentMagics")
    if not isinstance(magics, AgentMagics):
        magics = AgentMagics(shell)
        shell.register_magics(magics)
    return magics
