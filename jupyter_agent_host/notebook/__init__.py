"""The agent in notebook cells: `%load_ext jupyter_agent_host`, then `%%agent`."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

from jupyter_agent_host.notebook.magics import AgentMagics

__all__ = ["register"]


def register(shell: InteractiveShell) -> None:
    """Give this shell `%%agent` and `%agent`. Loading the extension again keeps the connection that there is."""
    if not isinstance(shell.magics_manager.registry.get("AgentMagics"), AgentMagics):
        shell.register_magics(AgentMagics(shell))
