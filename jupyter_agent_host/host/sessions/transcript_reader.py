"""A whole conversation, read from the journal piece by piece: for exports, however long it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.sessions.session_selection import own_session
from jupyter_agent_host.protocol.events import EventRecord
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import TurnRow

_PAGE = 200


async def read_transcript(agent: NotebookAgent, session_id: str) -> AsyncIterator[TurnRow | EventRecord]:
    """Each turn that leads to the session's last one, followed by its events. One page is in memory at a time.

    A turn that another machine ran has no events here, only its row.

    Raises:
        UnknownSessionError: this notebook has no such session.
    """
    await own_session(agent, session_id)
    return _read(agent.services.journal, session_id)


async def _read(journal: Journal, session_id: str) -> AsyncIterator[TurnRow | EventRecord]:
    for turn in await journal.lineage(session_id):
        yield turn
        after = 0
        while records := await journal.events(turn.notebook_id, after=after, turn_id=turn.turn_id, limit=_PAGE):
            after = records[-1].number
            for record in records:
                yield record
