"""Every notebook gets its own Claude agent, in a sandbox of its own, and the notebook remembers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_agent_host.version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_agent_host.notebook.widget import AgentWidget

__all__ = ["AgentWidget", "__version__", "load_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register `%%agent` and `%agent`; IPython calls this on `%load_ext jupyter_agent_host`."""
    from jupyter_agent_host.notebook import register  # noqa: PLC0415 - the runner imports this package without IPython

    register(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_agent_host.server.app import AgentHostExtension  # noqa: PLC0415 - only a Jupyter server pays for it

    return [{"module": "jupyter_agent_host", "app": AgentHostExtension}]


def __getattr__(name: str) -> Any:
    """`AgentWidget`, loaded when somebody asks for it."""
    if name != "AgentWidget":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jupyter_agent_host.notebook.widget import AgentWidget  # noqa: PLC0415 - brings IPython and ipywidgets along

    return AgentWidget
