"""Named places outside that the gateway signs in to: a package index, a git server, an MCP server.

A tool inside asks `http://127.0.0.1:<way out>/to/<name>/…` in clear; the gateway adds the credential and goes on over
TLS. The origin is the administrator's, the credential never goes inside.
"""

from __future__ import annotations

from jupyter_agent_host.host.gateway.services.service_client import Service, check_service
from jupyter_agent_host.host.gateway.services.service_request import ServiceExchange, wants_service

__all__ = ["Service", "ServiceExchange", "check_service", "wants_service"]
