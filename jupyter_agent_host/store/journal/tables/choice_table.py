"""What a notebook's owner decided once and for all: hosts, MCP servers."""

from __future__ import annotations

import sqlite3

from jupyter_agent_host.store.journal.rows import ChoiceRow


def put(connection: sqlite3.Connection, row: ChoiceRow) -> None:
    """Insert or replace by notebook, kind and name."""
    connection.execute(
        "INSERT OR REPLACE INTO choices (notebook_id, kind, name, verdict, actor, time) VALUES (?, ?, ?, ?, ?, ?)",
        (row.notebook_id, row.kind, row.name, row.verdict, row.actor, row.time),
    )


def drop(connection: sqlite3.Connection, notebook_id: str, kind: str, name: str) -> None:
    """Forget one. Idempotent."""
    connection.execute("DELETE FROM choices WHERE notebook_id = ? AND kind = ? AND name = ?", (notebook_id, kind, name))


def select(connection: sqlite3.Connection, notebook_id: str, kind: str) -> list[ChoiceRow]:
    """All of one kind, oldest first."""
    rows = connection.execute(
        "SELECT notebook_id, kind, name, verdict, actor, time FROM choices WHERE notebook_id = ? AND kind = ?"
        " ORDER BY time, name",
        (notebook_id, kind),
    )
    return [ChoiceRow(*row) for row in rows]
