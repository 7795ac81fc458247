"""Which MCP servers one notebook has: the administrator names them, the notebook's owner switches them on and off."""

from __future__ import annotations

import time
from collections.abc import Sequence

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.network.service_environment import inside_url
from jupyter_agent_host.host.settings import McpSettings
from jupyter_agent_host.protocol.control import McpServer
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import ChoiceRow

KIND = "mcp"


class NotebookMcp:
    """`load` once before use."""

    def __init__(self, notebook_id: str, servers: Sequence[McpSettings], journal: Journal) -> None:
        self._notebook_id = notebook_id
        self._journal = journal
        self._chosen: dict[str, bool] = {}
        self.servers = {server.name: server for server in servers}

    async def load(self) -> None:
        rows = await self._journal.choices(self._notebook_id, KIND)
        self._chosen = {row.name: row.verdict == "allow" for row in rows}

    def has(self, name: str) -> bool:
        """Whether the server is on in this notebook."""
        server = self.servers.get(name)
        return server is not None and self._chosen.get(name, server.enabled)

    async def choose(self, name: str, *, on: bool, actor: str) -> None:
        """Switch a server on or off, from the next prompt on.

        Raises:
            ConfigError: there is no such server.
        """
        if name not in self.servers:
            known = ", ".join(self.servers) or "none"
            raise ConfigError(f"This server has no MCP server named {name!r}; it has: {known}.")
        verdict = "allow" if on else "deny"
        await self._journal.put_choice(ChoiceRow(self._notebook_id, KIND, name, verdict, actor, time.time()))
        self._chosen[name] = on

    def for_session(self) -> tuple[McpServer, ...]:
        """The servers that are on, as the runner gets them."""
        return tuple(_server(server) for name, server in self.servers.items() if self.has(name))


def _server(server: McpSettings) -> McpServer:
    if server.service is None:
        return McpServer(
            name=server.name, transport="stdio", command=server.command, args=server.args, env=dict(server.env)
        )
    return McpServer(name=server.name, transport=server.transport, url=inside_url(server.service))
