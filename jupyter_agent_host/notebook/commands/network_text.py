"""What a notebook's agent may reach, in rows for a person."""

from __future__ import annotations

from jupyter_agent_host.protocol.host_api import McpReport, NetworkReport

_MIB = 1024 * 1024


def reach_table(report: NetworkReport | McpReport) -> tuple[str, dict[str, str]]:
    """Title and rows of either report."""
    if isinstance(report, McpReport):
        return "MCP servers", {"done": report.message, **_mcp_rows(report)}
    return "What the agent of this notebook may reach", {"done": report.message, **_network_rows(report)}


def _network_rows(report: NetworkReport) -> dict[str, str]:
    """What `%agent network` tells."""
    of = {
        (source, verdict): ", ".join(
            rule.rule + ("" if rule.counts else " (void: locked)")
            for rule in report.rules
            if (rule.source, rule.verdict) == (source, verdict)
        )
        for source in ("server", "notebook")
        for verdict in ("allow", "deny")
    }
    elsewhere = "you are asked" if report.policy == "ask" else "refused"
    return {
        "the model": "always",
        "allowed by the server": of["server", "allow"],
        "denied by the server": of["server", "deny"],
        "allowed here": of["notebook", "allow"],
        "denied here": of["notebook", "deny"],
        "signed in to": ", ".join(report.services),
        "elsewhere": elsewhere + ("; the administrator locked this" if report.locked else ""),
        "today": f"{report.bytes_today / _MIB:.1f} MiB" if report.bytes_today else "",
        "presets": "" if report.locked else ", ".join(report.presets),
    }


def _mcp_rows(report: McpReport) -> dict[str, str]:
    """What `%agent mcp` tells."""
    if not report.servers:
        return {"none": "the administrator set up no MCP server"}
    return {
        server.name: ", ".join(filter(None, ("on" if server.on else "off", f"runs {server.runs}", server.about)))
        for server in report.servers
    }
