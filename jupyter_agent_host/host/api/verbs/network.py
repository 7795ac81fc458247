"""Verbs about what the agent may reach: hosts, and MCP servers."""

from __future__ import annotations

from typing import Literal

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.network.host_presets import PRESETS
from jupyter_agent_host.host.network.network_policy import canonical
from jupyter_agent_host.protocol.host_api import (
    McpInfo,
    McpReport,
    McpRequest,
    NetworkReport,
    NetworkRequest,
    NetworkRule,
)

_MAX_RULES = 200


async def network(agent: NotebookAgent, ref: NotebookRef, request: NetworkRequest) -> NetworkReport:
    """List or change the notebook's rules.

    Raises:
        ConfigError: no rule, too many rules, or a permission that a locked policy does not take.
    """
    message = "" if request.action == "list" else await _change(agent, ref.actor or "person", request)
    mine, policy = agent.network, agent.network.policy
    rules = [NetworkRule(rule=text, verdict="deny", source="server") for text in policy.denied]
    rules += [NetworkRule(rule=text, verdict="allow", source="server") for text in policy.allowed]
    rules += [
        NetworkRule(rule=text, verdict=verdict, source="notebook", counts=verdict == "deny" or not policy.locked)
        for text, verdict in mine.rules.items()
    ]
    return NetworkReport(
        policy="ask" if policy.asks else "deny",
        locked=policy.locked,
        rules=tuple(rules),
        presets=tuple(PRESETS),
        services=tuple(service.name for service in agent.services.settings.services),
        bytes_today=mine.amounts.bytes_today,
        message=message,
    )


async def mcp(agent: NotebookAgent, ref: NotebookRef, request: McpRequest) -> McpReport:
    """List the MCP servers, or switch one.

    Raises:
        ConfigError: there is no such server.
    """
    servers, message = agent.network.mcp, ""
    if request.action != "list":
        on = request.action == "on"
        await servers.choose(request.name, on=on, actor=ref.actor or "person")
        message = f"From the next prompt on, the agent {'has' if on else 'does not have'} {request.name}."
    infos = [
        McpInfo(name=name, on=servers.has(name), runs="inside" if one.service is None else "outside", about=one.about)
        for name, one in servers.servers.items()
    ]
    return McpReport(servers=tuple(infos), message=message)


async def _change(agent: NotebookAgent, actor: str, request: NetworkRequest) -> str:
    mine, policy = agent.network, agent.network.policy
    rule = canonical(request.target)
    if request.action == "revoke":
        return f"{rule} is no rule of this notebook any more." if await mine.revoke(rule) else f"{rule} was no rule."
    if request.action == "allow" and policy.locked:
        raise ConfigError("The administrator locked this server's network policy: a notebook can only narrow it.")
    if len(mine.rules) >= _MAX_RULES and rule not in mine.rules:
        raise ConfigError(f"A notebook has at most {_MAX_RULES} network rules; revoke one first.")
    verdict: Literal["allow", "deny"] = "allow" if request.action == "allow" else "deny"
    await mine.choose(rule, verdict, actor)
    if verdict == "deny":
        return f"The agent may not reach {rule}. Connections that stand already go on until they end."
    return f"The agent may reach {rule} from now on."
