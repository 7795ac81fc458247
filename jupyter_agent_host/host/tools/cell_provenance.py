"""Which cells the agent wrote or ran: a few words in their metadata, taken out by `jupyter agent-host strip`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from jupyter_agent_host.host.tools.tool import ToolContext
from jupyter_agent_host.store.envelope.strip_notebook import METADATA_KEY


def provenance(context: ToolContext, how: str) -> dict[str, Any]:
    """Cell metadata that says: inserted, edited, moved or ran in this turn, by this model, at this time (UTC)."""
    agent, turn = context.agent, context.agent.active
    mark = {
        "turn_id": context.turn_id,
        "session_id": agent.serving_session,
        "model": (turn.options.model if turn is not None else "") or agent.services.settings.model or "",
        "time": datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds"),
        "how": how,
    }
    return {METADATA_KEY: mark}
