"""What may happen inside the box without asking again: tools that a person allowed for this notebook."""

from __future__ import annotations

import time

from jupyter_agent_host.protocol.events import PermissionAsked
from jupyter_agent_host.protocol.host_api import AnswerRequest
from jupyter_agent_host.store.journal.checkpoint_store import Decisions
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import PermissionGrantRow

BY = "grant"
"""Who settled a question that an earlier answer settled."""


async def note(journal: Journal, notebook_id: str, asked: PermissionAsked, answer: AnswerRequest, by: str) -> None:
    """Keep the grant, if the answer gives one. The agent's own questions are asked each time."""
    if answer.decision == "allow" and answer.remember == "notebook" and asked.source == "box" and not asked.questions:
        row = PermissionGrantRow(notebook_id, asked.tool_name, "", time.time(), by)
        await Decisions(journal).put_grants([row])


async def answer_for(journal: Journal, notebook_id: str, asked: PermissionAsked) -> AnswerRequest | None:
    """The answer that a person gave for the like, or None: ask."""
    if asked.questions:
        return None
    rows = await Decisions(journal).grants(notebook_id)
    if any((row.tool, row.risk) == (asked.tool_name, "") for row in rows):
        return AnswerRequest(request_id=asked.request_id, decision="allow")
    return None
