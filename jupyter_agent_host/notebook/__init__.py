"""The agent in notebook cells: `%load_ext jupyter_agent_host`, then `%%agent`."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_agent_host.notebook.magics import AgentMagics

__all__ = ["register"]

_NEEDED_BY_A_TURN = ("jupyter_agent_host.client.kernel_client", "markdown_it")
"""Half of what a first cell would have to import: loaded while the person still writes it."""


def register(shell: InteractiveShell) -> AgentMagics:
    """Give this shell `%%agent` and `%agent`. Loading the extension again keeps the connection that there is."""
    from jupyter_agent_host.notebook.magics import AgentMagics  # noqa: PLC0415 - the server renders without IPython

    magics = shell.magics_manager.registry.get("AgentMagics")
    if not isinstance(magics, AgentMagics):
        magics = AgentMagics(shell)
        shell.register_magics(magics)
        threading.Thread(target=_import_the_rest, name="agent-imports", daemon=True).start()
    return magics


def _import_the_rest() -> None:
    for name in _NEEDED_BY_A_TURN:
        import_module(name)
