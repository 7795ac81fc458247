"""The same settings where no Jupyter server runs: for command lines, and for a kernel that hosts its own agent."""

from __future__ import annotations

from jupyter_core.application import JupyterApp

from jupyter_agent_host.server.config.agent_host_traits import AgentHost

_FILES = ("jupyter_server_config", "jupyter_agent_host_config")


class _Files(JupyterApp):
    """Finds configuration files where Jupyter looks for them. Never started."""

    name = "jupyter-agent-host"
    description = "Settings of notebooks' agents"


def agent_host_from_files() -> AgentHost:
    """`AgentHost` as Jupyter's own configuration files set it; a file with an error in it counts as absent, with a log.

    Raises:
        TraitError: a setting has a wrong value.
    """
    files = _Files()
    for name in _FILES:
        files.config_file_name = name
        files.load_config_file()
    return AgentHost(config=files.config)
