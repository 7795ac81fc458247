"""The way out to anything but the model: which hosts, by whose leave, at which address, and how much.

Owns reading destinations, resolving and dialling them, and carrying http and tunnels. Called by
`host.gateway.gateway` and `host.gateway.services`; the decisions come through `network_port.Network`. Entered by
`egress_request`.
"""

from __future__ import annotations

from jupyter_agent_host.host.gateway.egress.destination import Destination
from jupyter_agent_host.host.gateway.egress.egress_refusal import EgressRefusal
from jupyter_agent_host.host.gateway.egress.internet import Internet, Outside
from jupyter_agent_host.host.gateway.egress.network_port import EgressRecord, Network, Permitted

__all__ = ["Destination", "EgressRecord", "EgressRefusal", "Internet", "Network", "Outside", "Permitted"]
