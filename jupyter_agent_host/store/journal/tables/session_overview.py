"""What a person is told of conversations: how long they are, what they cost, how full the context is."""

from __future__ import annotations

import sqlite3

from jupyter_agent_host.protocol.events import TurnEnded, read_event
from jupyter_agent_host.store.journal.rows import SessionOverview, SessionRow
from jupyter_agent_host.store.journal.tables import notebook_table, turn_table


def overviews(connection: sqlite3.Connection, notebook_id: str, keep: str, limit: int) -> list[SessionOverview]:
    """The notebook's sessions that somebody spoke in, besides `keep`; the one used last comes first."""
    rows = notebook_table.select(connection, SessionRow, "notebook_id = ?", (notebook_id,))
    found = [_overview(connection, row) for row in rows[-limit:]]
    spoken = [each for each in found if each.own_turns or each.session.session_id == keep]
    return sorted(spoken, key=lambda each: each.last_used, reverse=True)


def context_tokens(connection: sqlite3.Connection, session_id: str) -> int:
    """How many tokens the conversation's newest ended turn left in the context; 0 when no turn told."""
    for turn in reversed(turn_table.lineage(connection, session_id)):
        row = connection.execute(
            "SELECT body FROM events WHERE notebook_id = ? AND turn_id = ? AND kind = 'turn_ended' LIMIT 1",
            (turn.notebook_id, turn.turn_id),
        ).fetchone()
        event = read_event(row[0]) if row is not None else None
        if isinstance(event, TurnEnded) and event.context_tokens:
            return event.context_tokens
    return 0


def models(connection: sqlite3.Connection, notebook_id: str, limit: int) -> list[str]:
    """Models that the notebook's turns were answered by, the one used last first."""
    rows = connection.execute(
        "SELECT model FROM turns WHERE notebook_id = ? AND model <> ''"
        " GROUP BY model ORDER BY MAX(started) DESC LIMIT ?",
        (notebook_id, limit),
    )
    return [model for (model,) in rows]


def _overview(connection: sqlite3.Connection, row: SessionRow) -> SessionOverview:
    line = turn_table.lineage(connection, row.session_id)
    own = [turn for turn in line if turn.session_id == row.session_id]
    named = own or line[-1:]
    return SessionOverview(
        session=row,
        turns=len(line),
        own_turns=len(own),
        cost_usd=sum(turn.cost_usd for turn in own),
        last_used=max((turn.ended or turn.started for turn in own), default=row.created),
        first_prompt=named[0].prompt if named else "",
    )
