"""The verb by which a page reads whole turns, the newest first."""

from __future__ import annotations

import msgspec

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.protocol.host_api import TurnsPage, TurnsRequest

MAX_TURNS = 100


async def turns(agent: NotebookAgent, _ref: NotebookRef, request: TurnsRequest) -> TurnsPage:
    """Events of the last turns of the notebook's present conversation, or of one turn of any.

    Raises:
        ProtocolError: a limit or a number out of range.
    """
    if not 1 <= request.limit <= MAX_TURNS or request.before < 0:
        raise ProtocolError(f"`limit` goes from 1 to {MAX_TURNS}, and `before` is an event's number.")
    notebook_id, journal = agent.row.notebook_id, agent.services.journal
    if request.turn_id:
        page = await journal.one_turn(notebook_id, request.turn_id)
    else:
        page = await journal.turn_page(notebook_id, agent.row.session_id, before=request.before, limit=request.limit)
    return TurnsPage(
        notebook_id=notebook_id,
        after=page.after,
        before=page.before,
        earlier=page.earlier,
        records=tuple(msgspec.Raw(line) for line in page.records),
    )
