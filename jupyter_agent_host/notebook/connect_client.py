"""The client for this shell: over HTTP to its Jupyter server, or an agent hosted in this very process."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

from jupyter_agent_host.client.agent_client import AgentClient
from jupyter_agent_host.client.kernel_client import KernelClient
from jupyter_agent_host.client.server_discovery import find_server
from jupyter_agent_host.notebook.ipython_shell import Shell


def connect(shell: Shell) -> AgentClient:
    """Find where this notebook's agent is hosted. Starts nothing yet.

    Raises:
        AgentHostError: it cannot be reached from a cell; the sentence says what to do instead.
    """
    kernel = shell.kernel()
    server = find_server(kernel, os.environ, [Path(jupyter_runtime_dir())], parent_pid=os.getppid())
    if server is not None:
        return KernelClient(kernel, server)
    from jupyter_agent_host.notebook.in_process_client import InProcessClient  # noqa: PLC0415 - a whole host, seldom needed

    return InProcessClient(shell.notebook_path(), kernel_id=kernel.kernel_id)
