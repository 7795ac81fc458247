"""A typed client of the notebook's agent, for code that runs in its kernel."""

from __future__ import annotations

from jupyter_agent_host.client.agent_client import AgentClient, EventStream

__all__ = ["AgentClient", "EventStream"]
