"""Reading a notebook's turns a page at a time, newest first, with deltas that follow each other merged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from jupyter_agent_host.store.journal.rows import TurnRow
from jupyter_agent_host.store.journal.tables import turn_table
from jupyter_agent_host.store.journal.tables.event_table import last_number

MAX_PAGE_BYTES = 4_000_000
"""A page ends before the turn that would make it larger; its first turn is always in it."""

MAX_OUTSIDE = 100
"""Questions and decisions outside of any turn that a page gets to know."""

_DELTAS = ("text_delta", "thinking_delta")

Row = tuple[int, str, str, str, float, str, bytes]


@dataclass(frozen=True)
class TurnPage:
    """`records` are event records as JSON, in the order of their numbers. See `protocol.host_api.TurnsPage`."""

    after: int
    before: int
    earlier: int
    records: tuple[bytes, ...]


def page(connection: sqlite3.Connection, notebook_id: str, session_id: str, before: int, limit: int) -> TurnPage:
    """The last `limit` turns of that conversation that began before the event `before` (0: all).

    Turns that another notebook or machine had are not here: their events are not of this notebook. The newest page
    also holds what was asked outside of any turn, and how it was settled.
    """
    line = turn_table.lineage(connection, session_id)
    mine = [turn for turn in line if turn.notebook_id == notebook_id and turn.first_event]
    earlier = [turn for turn in mine if not before or turn.first_event < before]
    found = _page(connection, notebook_id, earlier[::-1][:limit], len(earlier), before)
    return found if before else replace(found, records=(*found.records, *_outside(connection, notebook_id)))


def turn(connection: sqlite3.Connection, notebook_id: str, turn_id: str) -> TurnPage:
    """One turn of whichever conversation."""
    found = connection.execute(
        "SELECT session_id FROM turns WHERE notebook_id = ? AND turn_id = ? AND first_event > 0 LIMIT 1",
        (notebook_id, turn_id),
    ).fetchone()
    rows = turn_table.of_session(connection, found[0]) if found else []
    wanted = [row for row in rows if row.turn_id == turn_id]
    return _page(connection, notebook_id, wanted, len(wanted), 0)


def _page(
    connection: sqlite3.Connection, notebook_id: str, wanted: Sequence[TurnRow], count: int, before: int
) -> TurnPage:
    """As many of the wanted turns, newest first, as go into one page; `count` is of all that could be wanted."""
    after = last_number(connection, notebook_id)
    taken: list[tuple[int, bytes]] = []
    first, size, used = before, 0, 0
    for row in wanted:
        records = list(_merged(_events(connection, notebook_id, row.turn_id)))
        size += sum(len(line) for _, line in records)
        if taken and size > MAX_PAGE_BYTES:
            break
        taken += records
        first, used = row.first_event, used + 1
    return TurnPage(after=after, before=first, earlier=count - used, records=tuple(line for _, line in sorted(taken)))


def _outside(connection: sqlite3.Connection, notebook_id: str) -> list[bytes]:
    """Questions outside of any turn, the last ones, oldest first."""
    rows = connection.execute(
        "SELECT number, notebook_id, session_id, turn_id, time, kind, body FROM events"
        " WHERE notebook_id = ? AND turn_id = '' AND kind IN ('permission_asked', 'permission_settled')"
        " ORDER BY number DESC LIMIT ?",
        (notebook_id, MAX_OUTSIDE),
    )
    return [_line(row, row[6])[1] for row in reversed(rows.fetchall())]


def _events(connection: sqlite3.Connection, notebook_id: str, turn_id: str) -> Iterable[Row]:
    return connection.execute(
        "SELECT number, notebook_id, session_id, turn_id, time, kind, body FROM events"
        " WHERE notebook_id = ? AND turn_id = ? ORDER BY number",
        (notebook_id, turn_id),
    )


def _merged(rows: Iterable[Row]) -> Iterator[tuple[int, bytes]]:
    """Each row as (number, JSON); a run of deltas of one message as one, under the last one's number."""
    held: dict[str, Any] | None = None
    texts: list[str] = []
    last: Row | None = None
    for row in rows:
        delta = msgspec.json.decode(row[6]) if row[5] in _DELTAS else None
        if held is not None and last is not None:
            if delta is not None and (last[5], held["messageId"]) == (row[5], delta["messageId"]):
                texts.append(delta["text"])
                last = row
                continue
            yield _line(last, msgspec.json.encode({**held, "text": "".join(texts)}))
        held, texts, last = delta, [delta["text"]] if delta is not None else [], row
        if delta is None:
            yield _line(row, row[6])
    if held is not None and last is not None:
        yield _line(last, msgspec.json.encode({**held, "text": "".join(texts)}))


def _line(row: Row, body: bytes) -> tuple[int, bytes]:
    number, notebook_id, session_id, turn_id, time, _, _ = row
    record = {
        "number": number,
        "notebookId": notebook_id,
        "sessionId": session_id,
        "turnId": turn_id,
        "time": time,
        "event": msgspec.Raw(body),
    }
    return number, msgspec.json.encode(record)
