"""Jobs of agents in their notebooks' kernels."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from jupyter_agent_host.store.journal.rows import JobRow

_KEPT = 64
_COLUMNS = "notebook_id, number, request_id, turn_id, title, headless, cell_ids, began, state, told"


def begin(connection: sqlite3.Connection, row: JobRow) -> None:
    """Insert a job that is about to run; what is older than the newest few is forgotten."""
    connection.execute(
        f"INSERT OR REPLACE INTO jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (constant)
        (
            row.notebook_id,
            row.number,
            row.request_id,
            row.turn_id,
            row.title,
            row.headless,
            json.dumps(row.cell_ids),
            row.began,
            row.state,
            row.told,
        ),
    )
    connection.execute(
        "DELETE FROM jobs WHERE notebook_id = ? AND number <= ? AND state != 'open'",
        (row.notebook_id, row.number - _KEPT),
    )


def end(connection: sqlite3.Connection, notebook_id: str, number: int) -> None:
    """It ran to its end while somebody listened."""
    connection.execute(
        "UPDATE jobs SET state = 'ended', told = 1 WHERE notebook_id = ? AND number = ?", (notebook_id, number)
    )


def take_over(connection: sqlite3.Connection, notebook_id: str) -> list[JobRow]:
    """Open jobs become lost ones; all jobs, oldest first."""
    connection.execute("UPDATE jobs SET state = 'lost' WHERE notebook_id = ? AND state = 'open'", (notebook_id,))
    return select(connection, notebook_id)


def told(connection: sqlite3.Connection, notebook_id: str, numbers: Sequence[int]) -> None:
    """The agent knows of these."""
    connection.executemany(
        "UPDATE jobs SET told = 1 WHERE notebook_id = ? AND number = ?", [(notebook_id, number) for number in numbers]
    )


def select(connection: sqlite3.Connection, notebook_id: str) -> list[JobRow]:
    """Oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM jobs WHERE notebook_id = ? ORDER BY number",  # noqa: S608 (constant)
        (notebook_id,),
    )
    found = [JobRow(*row) for row in rows]
    return [
        replace(row, headless=bool(row.headless), cell_ids=tuple(json.loads(str(row.cell_ids))), told=bool(row.told))
        for row in found
    ]
