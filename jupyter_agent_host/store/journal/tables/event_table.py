"""Writing one atomic unit, and reading events back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from jupyter_agent_host.protocol.events import (
    EventRecord,
    TurnEnded,
    TurnStarted,
    encode_event,
    read_event,
)
from jupyter_agent_host.store.journal.new_items import (
    ImportedTurn,
    LedgerRow,
    NewEntries,
    NewEvent,
    OutboxMark,
    WriteItem,
)
from jupyter_agent_host.store.journal.tables import ledger_table, transcript_table, turn_table


def write(connection: sqlite3.Connection, items: Sequence[WriteItem]) -> list[EventRecord]:
    """Apply the items in their order; the caller's savepoint makes them one unit.

    Gives the numbered events; nothing is written and the list is empty when an `OutboxMark` was seen before.
    """
    # Marks first: a repeated item must leave no trace, wherever its mark stands in the sequence.
    marks = [item for item in items if isinstance(item, OutboxMark)]
    if not all(_is_new(connection, mark) for mark in marks):
        return []
    for mark in marks:
        _put_mark(connection, mark)
    records = []
    for item in items:
        if isinstance(item, NewEvent):
            records.append(_add_event(connection, item))
        elif isinstance(item, NewEntries):
            transcript_table.append(
                connection, transcript_table.PROJECT_KEY, item.session_id, item.subpath, item.entries
            )
        elif isinstance(item, LedgerRow):
            ledger_table.add(connection, item)
        elif isinstance(item, ImportedTurn):
            turn_table.import_turn(connection, item.row, item.tools)
    return records


def events(connection: sqlite3.Connection, notebook_id: str, after: int, turn_id: str, limit: int) -> list[EventRecord]:
    of_turn = "AND turn_id = ?" if turn_id else ""
    rows = connection.execute(
        "SELECT number, notebook_id, session_id, turn_id, time, body FROM events"  # noqa: S608 (one of two constants)
        f" WHERE notebook_id = ? AND number > ? {of_turn} ORDER BY number LIMIT ?",
        (notebook_id, after, *([turn_id] if turn_id else []), limit),
    )
    return [
        EventRecord(
            number=number, notebook_id=notebook, session_id=session, turn_id=turn, time=time, event=read_event(body)
        )
        for number, notebook, session, turn, time, body in rows
    ]


def last_number(connection: sqlite3.Connection, notebook_id: str) -> int:
    (number,) = connection.execute(
        "SELECT COALESCE(MAX(number), 0) FROM events WHERE notebook_id = ?", (notebook_id,)
    ).fetchone()
    return int(number)


def outbox_mark(connection: sqlite3.Connection, sandbox_id: str, incarnation: str) -> int:
    row = connection.execute(
        "SELECT number FROM outbox WHERE sandbox_id = ? AND incarnation = ?", (sandbox_id, incarnation)
    ).fetchone()
    return 0 if row is None else int(row[0])


def _is_new(connection: sqlite3.Connection, mark: OutboxMark) -> bool:
    return mark.number > outbox_mark(connection, mark.sandbox_id, mark.incarnation)


def _put_mark(connection: sqlite3.Connection, mark: OutboxMark) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO outbox (sandbox_id, incarnation, number) VALUES (?, ?, ?)",
        (mark.sandbox_id, mark.incarnation, mark.number),
    )


def _add_event(connection: sqlite3.Connection, item: NewEvent) -> EventRecord:
    # Read anew each time: another host may have driven this notebook in between.
    record = EventRecord(
        number=last_number(connection, item.notebook_id) + 1,
        notebook_id=item.notebook_id,
        session_id=item.session_id,
        turn_id=item.turn_id,
        time=item.time,
        event=item.event,
    )
    body = encode_event(item.event)
    connection.execute(
        "INSERT INTO events (notebook_id, number, session_id, turn_id, time, kind, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (item.notebook_id, record.number, item.session_id, item.turn_id, item.time, _kind(item), body),
    )
    if isinstance(item.event, TurnStarted):
        turn_table.start(connection, record, item.event)
    elif isinstance(item.event, TurnEnded):
        turn_table.end(connection, record, item.event)
    return record


def _kind(item: NewEvent) -> str:
    kind = getattr(item.event, "kind", None) or item.event.__struct_config__.tag
    return str(kind)
