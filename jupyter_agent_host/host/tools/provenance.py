"""Which cells the agent wrote: a few words in their metadata, taken out by `jupyter agent-host strip`."""

from __future__ import annotations

import time
from typing import Any

from jupyter_agent_host.host.tools.interface import ToolContext

OURS = "agent_host"
"""The key in a cell's metadata."""


def provenance(context: ToolContext) -> dict[str, Any]:
    """Cell metadata that says: written in this turn, by this model, at this time (UTC)."""
    turn = context.agent.active
    model = (turn.options.model or "") if turn is not None else ""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {OURS: {"turn": context.turn_id, "model": model, "time": now}}
