"""The host's side of every connection that leaves a sandbox: checks, credential, streaming, ledger."""

from __future__ import annotations

from jupyter_agent_host.host.gateway.gateway import Gateway
from jupyter_agent_host.host.gateway.gateway_limits import Bounds
from jupyter_agent_host.host.gateway.model.model_prices import cost_usd
from jupyter_agent_host.host.gateway.notebook_scope import LedgerEntry, Scope, Tokens

__all__ = ["Bounds", "Gateway", "LedgerEntry", "Scope", "Tokens", "cost_usd"]
