"""One shell's way to the host of its notebook's agent: the client, and what keeps conversations up to date for widgets.

The client speaks HTTP to the Jupyter server that started the kernel, or hosts the agent in this very process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

from IPython.core.interactiveshell import InteractiveShell
from jupyter_core.paths import jupyter_runtime_dir

from jupyter_agent_host.client.agent_client import AgentClient
from jupyter_agent_host.client.kernel_client import KernelClient
from jupyter_agent_host.client.server_discovery import find_server
from jupyter_agent_host.notebook.ipython_shell import Shell
from jupyter_agent_host.notebook.turns.conversation_follower import ConversationFollower

Connect = Callable[[Shell], AgentClient]


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


class AgentConnection:
    """Shared by the magics and the widgets of one shell; made by `connection_of`."""

    def __init__(self, shell: Shell, connector: Connect) -> None:
        self.shell = shell
        self.connector = connector
        self._client: AgentClient | None = None
        self._followers: dict[str, ConversationFollower] = {}

    def client(self) -> AgentClient:
        """The client, connected at the first use.

        Raises:
            AgentHostError: the agent's host cannot be reached from here.
        """
        if self._client is None:
            self._client = self.connector(self.shell)
        return self._client

    def follower(self, path: str) -> ConversationFollower:
        """What keeps the conversation of the notebook at `path` ("": the only one) up to date for its widgets."""
        if path not in self._followers:
            self._followers[path] = ConversationFollower(self.client(), path)
        return self._followers[path]

    def close(self) -> None:
        """Release the client. Idempotent."""
        for follower in self._followers.values():
            follower.close()
        self._followers.clear()
        if self._client is not None:
            self._client.close()
            self._client = None


_CONNECTIONS: WeakKeyDictionary[InteractiveShell, AgentConnection] = WeakKeyDictionary()


def connection_of(shell: InteractiveShell, connector: Connect | None = None) -> AgentConnection:
    """The connection of this shell, made at the first call; a `connector` that it does not have replaces it."""
    found = _CONNECTIONS.get(shell)
    if found is None or connector not in (None, found.connector):
        found = _CONNECTIONS[shell] = AgentConnection(Shell(shell), connector or connect)
    return found
