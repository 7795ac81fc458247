"""The table of turns, derived from the events that start and end them."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from jupyter_agent_host.protocol.events import EventRecord, ToolCall, TurnEnded, TurnStarted, Usage, read_event
from jupyter_agent_host.store.digests import chain_digest, prompt_digest
from jupyter_agent_host.store.journal.rows import TurnRow
from jupyter_agent_host.store.journal.tables import notebook_table, transcript_table

RUNNING = "running"
MAX_TOOL_NAMES = 200
"""Of one turn, kept for its history."""

_COLUMNS = """
    turn_id, notebook_id, session_id, seq, prompt, prompt_digest, cell_id, origin, actor, model, started, ended,
    status, text, usage, cost_usd, duration_ms, first_event,
    (SELECT COALESCE(MAX(number), 0) FROM events e WHERE e.notebook_id = t.notebook_id AND e.turn_id = t.turn_id),
    previous_turn_id, chain_digest
"""


def start(connection: sqlite3.Connection, record: EventRecord, event: TurnStarted) -> None:
    """Add the turn behind the last one of its session. Repeating it changes nothing."""
    seq, previous_turn_id, previous_digest = _tail(connection, record.session_id)
    asked = prompt_digest(event.prompt)
    connection.execute(
        "INSERT INTO turns (turn_id, notebook_id, session_id, seq, prompt, prompt_digest, cell_id, origin, actor,"
        " model, started, ended, status, text, usage, cost_usd, duration_ms, first_event, previous_turn_id,"
        " previous_digest, chain_digest, tools)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, '', ?, 0, 0, ?, ?, ?, ?, ?)"
        " ON CONFLICT (session_id, turn_id) DO NOTHING",
        (
            *(record.turn_id, record.notebook_id, record.session_id, seq + 1, event.prompt, asked),
            *(event.cell_id, event.origin, event.actor, event.model, record.time, RUNNING),
            *(msgspec.json.encode(Usage()), record.number, previous_turn_id, previous_digest),
            *(chain_digest(previous_digest, record.turn_id, asked), b"[]"),
        ),
    )


def end(connection: sqlite3.Connection, record: EventRecord, event: TurnEnded) -> None:
    """Fill in how the turn went. Only the first end of a running turn counts."""
    connection.execute(
        "UPDATE turns SET ended = ?, status = ?, text = ?, usage = ?, cost_usd = ?, duration_ms = ?,"
        " model = COALESCE(NULLIF(?, ''), model), last_entry = ?, tools = ?"
        " WHERE turn_id = ? AND notebook_id = ? AND ended IS NULL",
        (
            *(record.time, event.status, event.text, msgspec.json.encode(event.usage), event.cost_usd),
            *(event.duration_ms, event.model, transcript_table.last_entry(connection, record.session_id)),
            *(msgspec.json.encode(_tool_names(connection, record)), record.turn_id, record.notebook_id),
        ),
    )


def import_turn(connection: sqlite3.Connection, row: TurnRow, tools: tuple[str, ...]) -> None:
    """Add a finished turn from elsewhere behind the session's last one; a known turn is left as it is."""
    seq, _, _ = _tail(connection, row.session_id)
    previous = connection.execute(
        "SELECT chain_digest FROM turns WHERE session_id = ? AND turn_id = ?", (row.session_id, row.previous_turn_id)
    )
    (previous_digest,) = previous.fetchone() or ("",)
    connection.execute(
        "INSERT INTO turns (turn_id, notebook_id, session_id, seq, prompt, prompt_digest, cell_id, origin, actor,"
        " model, started, ended, status, text, usage, cost_usd, duration_ms, first_event, previous_turn_id,"
        " previous_digest, chain_digest, last_entry, tools)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)"
        " ON CONFLICT (session_id, turn_id) DO NOTHING",
        (
            *(row.turn_id, row.notebook_id, row.session_id, seq + 1, row.prompt, row.prompt_digest, row.cell_id),
            *(row.origin, row.actor, row.model, row.started, row.ended, row.status, row.text),
            *(msgspec.json.encode(row.usage), row.cost_usd, row.duration_ms, row.previous_turn_id, previous_digest),
            *(row.chain_digest, transcript_table.last_entry(connection, row.session_id), msgspec.json.encode(tools)),
        ),
    )


def of_session(connection: sqlite3.Connection, session_id: str) -> list[TurnRow]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM turns t WHERE session_id = ? ORDER BY seq", (session_id,))  # noqa: S608 (constant columns)
    return [_row(row) for row in rows]


def lineage(connection: sqlite3.Connection, session_id: str) -> list[TurnRow]:
    """The turns that lead to the session's last one, those of the sessions that it was forked from included.

    Only what a host said about a fork leads from one session into another: turn ids may come from a stranger.
    """
    line: list[TurnRow] = []
    wanted: str | None = None
    fork_turn_id = ""
    visited: set[str] = set()
    while session_id and session_id not in visited and wanted != "":
        visited.add(session_id)
        rows = {row.turn_id: row for row in of_session(connection, session_id)}
        if wanted is None and rows:
            wanted = fork_turn_id if fork_turn_id in rows else next(reversed(rows))
        while wanted in rows:
            line.append(rows.pop(wanted))
            wanted = line[-1].previous_turn_id
        session_id, fork_turn_id = notebook_table.origin_of(connection, session_id)
    return line[::-1]


def fork_entry(connection: sqlite3.Connection, session_id: str, turn_id: str) -> str:
    """The uuid of the last message that a conversation held when that turn had ended; "" if it held none."""
    found = connection.execute(
        "SELECT last_entry FROM turns WHERE session_id = ? AND turn_id = ? AND ended IS NOT NULL", (session_id, turn_id)
    ).fetchone()
    return transcript_table.last_message(connection, session_id, found[0] or 0) if found else ""


def borders(connection: sqlite3.Connection, session_id: str) -> dict[str, tuple[int, tuple[str, ...]]]:
    """By turn id of each ended turn: the id of its last transcript entry, and the names of the tools it called."""
    rows = connection.execute(
        "SELECT turn_id, last_entry, tools FROM turns WHERE session_id = ? AND ended IS NOT NULL", (session_id,)
    )
    return {turn_id: (last or 0, tuple(msgspec.json.decode(tools))) for turn_id, last, tools in rows}


def _tail(connection: sqlite3.Connection, session_id: str) -> tuple[int, str, str]:
    """(seq, turn id, chain digest) of the last turn; a fork without turns of its own stands on its parent's last."""
    row = connection.execute(
        "SELECT seq, turn_id, chain_digest FROM turns WHERE session_id = ? ORDER BY seq DESC LIMIT 1", (session_id,)
    ).fetchone()
    if row is not None:
        return int(row[0]), row[1], row[2]
    inherited = lineage(connection, session_id)
    return (0, inherited[-1].turn_id, inherited[-1].chain_digest) if inherited else (0, "", "")


def _tool_names(connection: sqlite3.Connection, record: EventRecord) -> list[str]:
    rows = connection.execute(
        "SELECT body FROM events WHERE notebook_id = ? AND turn_id = ? AND kind = 'tool_call' ORDER BY number LIMIT ?",
        (record.notebook_id, record.turn_id, MAX_TOOL_NAMES),
    )
    events = (read_event(body) for (body,) in rows)
    return [event.name for event in events if isinstance(event, ToolCall)]


def _row(row: tuple[Any, ...]) -> TurnRow:
    values = (*row[:14], msgspec.json.decode(row[14], type=Usage), *row[15:])
    return TurnRow(*values)
