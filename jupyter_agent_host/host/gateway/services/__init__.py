"""Named places outside that the gateway signs in to: a package index, a git server, an MCP server.

Owns their credentials, paths and rewritten answers. Called by `host.gateway.gateway`. Entered by
`service_request`.
"""

from __future__ import annotations

from jupyter_agent_host.host.gateway.services.service_client import Service, check_service
from jupyter_agent_host.host.gateway.services.service_request import ServiceExchange, wants_service

__all__ = ["Service", "ServiceExchange", "check_service", "wants_service"]
