"""The agent in notebook cells: `%load_ext jupyter_agent_host`, then `%%agent`.

Owns what runs in the person's kernel: the magics (`magics.py`, where one enters), one turn as a cell shows it
(`turns/`), the commands of `%agent` (`commands/`) and the widget (`widget/`). Called by IPython and the agent kernel.
What it draws comes from `rendering`, whom it talks to from `client`.
"""

from __future__ import annotations

import threading
from importlib import import_module

from IPython.core.interactiveshell import InteractiveShell

from jupyter_agent_host.notebook.agent_result import AgentResult
from jupyter_agent_host.notebook.magic_errors import AgentCellError, AgentInterrupted
from jupyter_agent_host.notebook.magics import AgentMagics

__all__ = ["AgentCellError", "AgentInterrupted", "AgentResult", "register"]

_NEEDED_BY_A_TURN = ("jupyter_agent_host.client.kernel_client", "markdown_it")
"""Half of what a first cell would have to import: loaded while the person still writes it."""


def register(shell: InteractiveShell) -> AgentMagics:
    """Give this shell `%%agent` and `%agent`. Loading the extension again keeps the connection that there is."""
    magics = shell.magics_manager.registry.get("AgentMagics")
    if not isinstance(magics, AgentMagics):
        magics = AgentMagics(shell)
        shell.register_magics(magics)
        threading.Thread(target=_import_the_rest, name="agent-imports", daemon=True).start()
    return magics


def _import_the_rest() -> None:
    for name in _NEEDED_BY_A_TURN:
        import_module(name)
