"""Transcript tables: entries in the order they came, deduplicated by uuid."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence

from jupyter_agent_host.store.transcript_entry import read_head

PROJECT_KEY = "-workspace"
"""The SDK's key for the working folder `/workspace`, which is the same in every sandbox."""

_MESSAGES = ("user", "assistant")


def append(
    connection: sqlite3.Connection, project_key: str, session_id: str, subpath: str, entries: Iterable[bytes]
) -> list[bytes]:
    """Add entries; gives those that were new."""
    rows = [(_uuid_of(entry), entry) for entry in entries]
    if not rows:
        return []
    transcript_id = _touch(connection, project_key, session_id, subpath)
    added = []
    for uuid, body in rows:
        cursor = connection.execute(
            "INSERT INTO entries (transcript_id, uuid, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (transcript_id, uuid, body),
        )
        if cursor.rowcount:
            added.append(body)
    return added


def load(connection: sqlite3.Connection, project_key: str, session_id: str, subpath: str) -> list[bytes] | None:
    """One transcript's entries; None if it was never written."""
    found = connection.execute(
        "SELECT id FROM transcripts WHERE project_key = ? AND session_id = ? AND subpath = ?",
        (project_key, session_id, subpath),
    ).fetchone()
    if found is None:
        return None
    return [
        body for (body,) in connection.execute("SELECT body FROM entries WHERE transcript_id = ? ORDER BY id", found)
    ]


def load_session(connection: sqlite3.Connection, session_id: str) -> list[tuple[int, str, bytes]]:
    """(id, subpath, entry) of a session's transcripts under our project key: the main one first, then by name.

    Ids rise in the order of writing over all of them.
    """
    return connection.execute(
        "SELECT e.id, t.subpath, e.body FROM transcripts t JOIN entries e ON e.transcript_id = t.id"
        " WHERE t.project_key = ? AND t.session_id = ? ORDER BY t.subpath, e.id",
        (PROJECT_KEY, session_id),
    ).fetchall()


def last_entry(connection: sqlite3.Connection, session_id: str) -> int:
    """The id of the session's newest entry; 0 without one."""
    (newest,) = connection.execute(
        "SELECT COALESCE(MAX((SELECT MAX(id) FROM entries e WHERE e.transcript_id = t.id)), 0) FROM transcripts t"
        " WHERE t.project_key = ? AND t.session_id = ?",
        (PROJECT_KEY, session_id),
    ).fetchone()
    return int(newest)


def last_message(connection: sqlite3.Connection, session_id: str, last: int) -> str:
    """The uuid of the newest message of the main transcript up to entry `last`; "" without one.

    Only messages can be forked from; other entries (titles, snapshots of files) have ids, too.
    """
    rows = connection.execute(
        "SELECT e.body FROM transcripts t JOIN entries e ON e.transcript_id = t.id"
        " WHERE t.project_key = ? AND t.session_id = ? AND t.subpath = '' AND e.id <= ? AND e.uuid IS NOT NULL"
        " ORDER BY e.id DESC",
        (PROJECT_KEY, session_id, last),
    )
    for (body,) in rows:
        head = read_head(body)
        if head is not None and head.type in _MESSAGES and isinstance(head.uuid, str):
            return head.uuid
    return ""


def sessions(connection: sqlite3.Connection, project_key: str) -> list[tuple[str, int]]:
    """(session id, last write in milliseconds) of every main transcript."""
    return connection.execute(
        "SELECT session_id, updated_ms FROM transcripts WHERE project_key = ? AND subpath = ''", (project_key,)
    ).fetchall()


def subpaths(connection: sqlite3.Connection, project_key: str, session_id: str) -> list[str]:
    rows = connection.execute(
        "SELECT subpath FROM transcripts WHERE project_key = ? AND session_id = ? AND subpath <> '' ORDER BY subpath",
        (project_key, session_id),
    )
    return [subpath for (subpath,) in rows]


def delete(connection: sqlite3.Connection, project_key: str, session_id: str, subpath: str) -> None:
    """Remove one transcript; the main one ("") takes all others of its session and its summary along. Idempotent."""
    if subpath:
        connection.execute(
            "DELETE FROM transcripts WHERE project_key = ? AND session_id = ? AND subpath = ?",
            (project_key, session_id, subpath),
        )
        return
    for table in ("transcripts", "summaries"):
        connection.execute(
            f"DELETE FROM {table} WHERE project_key = ? AND session_id = ?",  # noqa: S608 (two constant names)
            (project_key, session_id),
        )


def summary(connection: sqlite3.Connection, project_key: str, session_id: str) -> tuple[int, bytes] | None:
    """(last write in milliseconds, opaque JSON) of a session's summary."""
    row: tuple[int, bytes] | None = connection.execute(
        "SELECT updated_ms, data FROM summaries WHERE project_key = ? AND session_id = ?", (project_key, session_id)
    ).fetchone()
    return row


def put_summary(connection: sqlite3.Connection, project_key: str, session_id: str, data: bytes) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO summaries (project_key, session_id, updated_ms, data) VALUES (?, ?, ?, ?)",
        (project_key, session_id, _now_ms(), data),
    )


def summaries(connection: sqlite3.Connection, project_key: str) -> Sequence[tuple[str, int, bytes]]:
    return connection.execute(
        "SELECT session_id, updated_ms, data FROM summaries WHERE project_key = ?", (project_key,)
    ).fetchall()


def _touch(connection: sqlite3.Connection, project_key: str, session_id: str, subpath: str) -> int:
    (transcript_id,) = connection.execute(
        "INSERT INTO transcripts (project_key, session_id, subpath, updated_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (project_key, session_id, subpath) DO UPDATE SET updated_ms = excluded.updated_ms RETURNING id",
        (project_key, session_id, subpath, _now_ms()),
    ).fetchone()
    return int(transcript_id)


def _uuid_of(entry: bytes) -> str | None:
    """The entry's idempotency key. What a sandbox sent may be anything: then it has none."""
    head = read_head(entry)
    return head.uuid if head is not None and isinstance(head.uuid, str) else None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
