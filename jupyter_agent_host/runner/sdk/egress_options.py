"""What the host lets the box reach, in terms of the way out's port, which only the runner knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from claude_agent_sdk import McpServerConfig
from claude_agent_sdk.types import McpHttpServerConfig, McpSSEServerConfig, McpStdioServerConfig

from jupyter_agent_host.protocol.control import WAY_OUT, McpServer


def address(way_out_port: int) -> str:
    """The way out inside."""
    return f"http://127.0.0.1:{way_out_port}"


def placed(environment: Mapping[str, str], way_out_port: int) -> dict[str, str]:
    """Variables with the way out's address in place of its name."""
    return {name: value.replace(WAY_OUT, address(way_out_port)) for name, value in environment.items()}


def mcp_servers(wanted: Iterable[McpServer], way_out_port: int) -> dict[str, McpServerConfig]:
    """The host's MCP servers in the SDK's words."""
    return {server.name: _config(server, way_out_port) for server in wanted}


def _config(server: McpServer, way_out_port: int) -> McpServerConfig:
    if server.transport == "stdio":
        return McpStdioServerConfig(type="stdio", command=server.command, args=list(server.args), env=server.env)
    url = server.url.replace(WAY_OUT, address(way_out_port))
    if server.transport == "http":
        return McpHttpServerConfig(type="http", url=url)
    return McpSSEServerConfig(type="sse", url=url)
