"""What one notebook's session gets to know of the outside: variables, MCP servers, and words for the agent."""

from __future__ import annotations

from typing import TypedDict

from jupyter_agent_host.host.network import NotebookNetwork
from jupyter_agent_host.host.network.service_environment import environment
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.protocol.control import McpServer

_MAX_NAMED = 30


class Reach(TypedDict):
    """The part of `SessionOptions` that is about the outside."""

    environment: dict[str, str]
    mcp_servers: tuple[McpServer, ...]


def reach(network: NotebookNetwork, settings: HostSettings) -> Reach:
    """For the next session."""
    return Reach(environment=environment(settings.services), mcp_servers=network.mcp.for_session())


def describe(network: NotebookNetwork, settings: HostSettings) -> str:
    """What the agent is told about its network, as a section of its system prompt; "" where there is none."""
    policy = network.policy
    own = [] if policy.locked else [rule for rule, verdict in network.rules.items() if verdict == "allow"]
    allowed = [*policy.allowed, *own][:_MAX_NAMED]
    services = [f"{service.name} ({service.use})" for service in settings.services]
    if not (allowed or policy.asks or services):
        return ""
    lines = ["", "Network"]
    if allowed:
        lines.append(f"- You may reach, through the proxy that the environment names: {', '.join(allowed)}.")
    if policy.asks:
        lines.append(
            "- Any other public host: the person is asked when you first connect, which can take minutes. Connect only"
            " where the task needs it, and say what for."
        )
    if services:
        lines.append(
            f"- Your tools are set up for these, and signed in without you: {', '.join(services)}. Change no index or"
            " remote address to get there."
        )
    lines.append(
        "- Everything else is refused with a sentence. Say so; do not look for a way around. Packages that you install"
        " go into your own environment in the sandbox and vanish with it."
    )
    return "\n".join(lines) + "\n"
