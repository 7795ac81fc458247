"""Tables of what turns changed, and of what a person let the agent do without being asked again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from jupyter_agent_host.store.journal.rows import CheckpointItemRow, CheckpointRow, PermissionGrantRow

_ITEM = "kind, key, state, told, size_bytes, before, after"


def put_items(connection: sqlite3.Connection, row: CheckpointRow) -> None:
    """Add the items to the turn's checkpoint, which is made if need be; an item that is there is replaced."""
    connection.execute(
        "INSERT OR IGNORE INTO checkpoints (notebook_id, turn_id, session_id, time) VALUES (?, ?, ?, ?)",
        (row.notebook_id, row.turn_id, row.session_id, row.time),
    )
    checkpoint_id = _id(connection, row.notebook_id, row.turn_id)
    connection.executemany(
        f"INSERT OR REPLACE INTO checkpoint_items (checkpoint_id, {_ITEM}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (constant)
        [
            (checkpoint_id, item.kind, item.key, item.state, item.told, item.size_bytes, item.before, item.after)
            for item in row.items
        ],
    )


def drop_items(connection: sqlite3.Connection, notebook_id: str, turn_id: str, keys: Sequence[tuple[str, str]]) -> None:
    """Forget items that came to nothing, and the checkpoint with its last one."""
    checkpoint_id = _id(connection, notebook_id, turn_id)
    connection.executemany(
        "DELETE FROM checkpoint_items WHERE checkpoint_id = ? AND kind = ? AND key = ?",
        [(checkpoint_id, kind, key) for kind, key in keys],
    )
    connection.execute(
        "DELETE FROM checkpoints WHERE id = ? AND NOT EXISTS (SELECT 1 FROM checkpoint_items WHERE checkpoint_id = ?)",
        (checkpoint_id, checkpoint_id),
    )


def put_places(connection: sqlite3.Connection, notebook_id: str, turn_id: str, places: bytes) -> None:
    """In what order its cells were. A checkpoint that came to nothing meanwhile needs none."""
    where = "notebook_id = ? AND turn_id = ?"
    connection.execute(f"UPDATE checkpoints SET places = ? WHERE {where}", (places, notebook_id, turn_id))  # noqa: S608 (constant)


def set_states(
    connection: sqlite3.Connection, notebook_id: str, turn_id: str, keys: Sequence[tuple[str, str]], state: str
) -> None:
    """What a person decided; a new decision is one that the agent does not know of."""
    checkpoint_id = _id(connection, notebook_id, turn_id)
    connection.executemany(
        "UPDATE checkpoint_items SET state = ?, told = 0 WHERE checkpoint_id = ? AND kind = ? AND key = ?",
        [(state, checkpoint_id, kind, key) for kind, key in keys],
    )


def checkpoints(connection: sqlite3.Connection, notebook_id: str, turn_id: str = "") -> list[CheckpointRow]:
    """The notebook's checkpoints with their items, oldest first; of one turn only when `turn_id` is given."""
    rows = connection.execute(
        "SELECT id, notebook_id, turn_id, session_id, time, dropped, places FROM checkpoints"
        " WHERE notebook_id = ? AND (? = '' OR turn_id = ?) ORDER BY id",
        (notebook_id, turn_id, turn_id),
    ).fetchall()
    found = []
    for checkpoint_id, *values in rows:
        items = connection.execute(
            f"SELECT {_ITEM} FROM checkpoint_items WHERE checkpoint_id = ? ORDER BY id",  # noqa: S608 (constant)
            (checkpoint_id,),
        )
        found.append(
            replace(
                CheckpointRow(*values),
                items=tuple(
                    CheckpointItemRow(kind, key, state, bool(told), size, before, after)
                    for kind, key, state, told, size, before, after in items
                ),
            )
        )
    return found


def drop_content(connection: sqlite3.Connection, notebook_id: str, turn_id: str, reason: str) -> None:
    """Keep that the turn changed these things, but not what they were."""
    checkpoint_id = _id(connection, notebook_id, turn_id)
    connection.execute("UPDATE checkpoints SET dropped = ?, places = NULL WHERE id = ?", (reason, checkpoint_id))
    connection.execute(
        "UPDATE checkpoint_items SET before = NULL, after = NULL, size_bytes = 0 WHERE checkpoint_id = ?",
        (checkpoint_id,),
    )


def take_untold(connection: sqlite3.Connection, notebook_id: str) -> list[CheckpointItemRow]:
    """Items that were rejected or undone since the agent was last told; they count as told now."""
    where = (
        " WHERE told = 0 AND state IN ('rejected', 'undone')"
        " AND checkpoint_id IN (SELECT id FROM checkpoints WHERE notebook_id = ?)"
    )
    rows = connection.execute(
        f"SELECT kind, key, state FROM checkpoint_items{where} ORDER BY id",  # noqa: S608 (constant)
        (notebook_id,),
    ).fetchall()
    connection.execute(f"UPDATE checkpoint_items SET told = 1{where}", (notebook_id,))  # noqa: S608 (constant)
    return [CheckpointItemRow(kind, key, state) for kind, key, state in rows]


def put_grants(connection: sqlite3.Connection, rows: Sequence[PermissionGrantRow]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO permission_grants (notebook_id, tool, risk, time, actor) VALUES (?, ?, ?, ?, ?)",
        [(row.notebook_id, row.tool, row.risk, row.time, row.actor) for row in rows],
    )


def grants(connection: sqlite3.Connection, notebook_id: str) -> list[PermissionGrantRow]:
    rows = connection.execute(
        "SELECT notebook_id, tool, risk, time, actor FROM permission_grants WHERE notebook_id = ? ORDER BY time",
        (notebook_id,),
    )
    return [PermissionGrantRow(*row) for row in rows]


def revoke_grants(connection: sqlite3.Connection, notebook_id: str, tool: str = "", risk: str | None = None) -> int:
    """Take back grants: all, those of one tool, or one. How many there were."""
    done = connection.execute(
        "DELETE FROM permission_grants WHERE notebook_id = ? AND (? = '' OR tool = ?) AND (? IS NULL OR risk = ?)",
        (notebook_id, tool, tool, risk, risk),
    )
    return done.rowcount


def _id(connection: sqlite3.Connection, notebook_id: str, turn_id: str) -> int:
    row = connection.execute(
        "SELECT id FROM checkpoints WHERE notebook_id = ? AND turn_id = ?", (notebook_id, turn_id)
    ).fetchone()
    return 0 if row is None else int(row[0])
