"""One notebook's network: the server's policy, the notebook's own rules, the person's answers, the amounts."""

from __future__ import annotations

from jupyter_agent_host.host.network.notebook import NETWORK_TOOL, NetworkServices, NotebookNetwork
from jupyter_agent_host.host.network.policy import NetworkPolicy

__all__ = ["NETWORK_TOOL", "NetworkPolicy", "NetworkServices", "NotebookNetwork"]
