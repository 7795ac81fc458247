"""Copy what the agent changed to the person's folder, and put it into words."""

from __future__ import annotations

import logging

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host import outcome
from jupyter_agent_host.host.agent import NotebookAgent
from jupyter_agent_host.protocol.events import AnyEvent, FilesChanged, FilesRefused, Notice

logger = logging.getLogger(__name__)


async def collect(agent: NotebookAgent) -> tuple[list[AnyEvent], str]:
    """Copy changed files out: what to show, and what to tell the agent about files that stayed inside."""
    live = agent.live
    if live is None:
        return [], ""
    try:
        collected = await live.workspace.collect()
    except (AgentHostError, OSError) as err:
        logger.warning("workspace of %s: %s", agent.row.notebook_id, err)
        text = f"Changed files could not be copied to the notebook's folder: {err}"
        return [Notice(level="error", code="workspace", text=text)], text
    agent.kept_inside = tuple(refused.path for refused in collected.all_refused)
    events: list[AnyEvent] = []
    if collected.files:
        events.append(FilesChanged(files=tuple(collected.files)))
    by_reason: dict[str, list[str]] = {}
    for refused in collected.refused:
        by_reason.setdefault(refused.reason, []).append(refused.path)
    events.extend(FilesRefused(paths=tuple(paths), reason=reason) for reason, paths in by_reason.items())
    return events, outcome.refusal_note(by_reason)
