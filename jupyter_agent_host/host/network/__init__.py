"""One notebook's network: the server's policy, the notebook's own rules, the person's answers, the amounts.

Owns who may be reached and what the session is told of it. Called by the gateway through `network_port.Network`
and by `host.agents`. Entered by `notebook_network` and the pure `network_policy`.
"""

from __future__ import annotations

from jupyter_agent_host.host.network.network_policy import NetworkPolicy
from jupyter_agent_host.host.network.notebook_network import NETWORK_TOOL, NetworkServices, NotebookNetwork

__all__ = ["NETWORK_TOOL", "NetworkPolicy", "NetworkServices", "NotebookNetwork"]
