"""The host's side of every connection that leaves a sandbox: checks, credential, streaming, ledger.

Owns the only way out of a sandbox. Called by `host.agents`, which gives each notebook's `notebook_scope.Scope`.
Entered by `gateway.Gateway`; requests go on to `model`, `egress` or `services`.
"""

from __future__ import annotations

from jupyter_agent_host.host.gateway.gateway import Gateway
from jupyter_agent_host.host.gateway.gateway_limits import GatewayLimits
from jupyter_agent_host.host.gateway.model.model_prices import cost_usd
from jupyter_agent_host.host.gateway.notebook_scope import LedgerEntry, Scope, Tokens

__all__ = ["Gateway", "GatewayLimits", "LedgerEntry", "Scope", "Tokens", "cost_usd"]
