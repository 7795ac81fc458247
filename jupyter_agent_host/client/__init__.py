"""A typed client of the notebook's agent, for code that runs in its kernel."""

from __future__ import annotations

from jupyter_agent_host.client.interface import AgentClient, EventStream

__all__ = ["AgentClient", "EventStream"]
