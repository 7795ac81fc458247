"""The agent in notebook cells: `%load_ext jupyter_agent_host`, then `%%agent`.

Owns what runs in the person's kernel: the magics (`magics.py`, where one enters), one turn as a cell shows it
(`turns/`), the commands of `%agent` (`commands/`) and the widget (`widget/`). Called by IPython and the agent kernel.
What it draws comes from `rendering`, whom it talks to from `client`.
"""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

from jupyter_agent_host.notebook.agent_result import AgentResult
from jupyter_agent_host.notebook.magic_errors import AgentCellError, AgentInterrupted
from jupyter_agent_host.notebook.magics import AgentMagics

__all__ = ["AgentCellError", "AgentInterrupted", "AgentResult", "register"]


def register(shell: InteractiveShell) -> AgentMagics:
    """Give this shell `%%agent` and `%agent`. Loading the extension again keeps the connection that there is."""
    magics = shell.magics_manager.registry.get("AgentMagics")
    if not isinstance(magics, AgentMagics):
        magics = AgentMagics(shell)
        shell.register_magics(magics)
    return magics
