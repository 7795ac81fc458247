"""The agent's conversation in an output cell: `from jupyter_agent_host import AgentWidget`, or `%agent widget`."""

from __future__ import annotations

from jupyter_agent_host.notebook.widget.agent_widget import AgentWidget

__all__ = ["AgentWidget"]
