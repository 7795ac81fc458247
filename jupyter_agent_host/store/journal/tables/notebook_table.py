"""Tables of what a host knows: notebooks, their sessions and sandboxes, what was put aside, who drives what."""

from __future__ import annotations

import dataclasses
import sqlite3
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from jupyter_agent_host.errors import LeaseHeldError
from jupyter_agent_host.store.journal.rows import AsideRow, NotebookRow, SandboxRow, SessionRow

R = TypeVar("R", NotebookRow, SessionRow, SandboxRow)

_TABLES = {NotebookRow: "notebooks", SessionRow: "sessions", SandboxRow: "sandboxes"}


def put(connection: sqlite3.Connection, row: NotebookRow | SessionRow | SandboxRow) -> None:
    """Insert or replace by the row's id."""
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    if isinstance(row, NotebookRow):
        values["grants"] = msgspec.json.encode(row.grants)
        # A path belongs to the notebook that was last seen there.
        connection.execute(
            "UPDATE notebooks SET path = '' WHERE path = ? AND notebook_id <> ?", (row.path, row.notebook_id)
        )
    if isinstance(row, SessionRow) and not row.parent_session_id:
        # Where a session came from never changes; its history hangs on it.
        values["parent_session_id"], values["fork_turn_id"] = origin_of(connection, row.session_id)
    connection.execute(
        f"INSERT OR REPLACE INTO {_TABLES[type(row)]} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608 (constant names)
        tuple(values.values()),
    )


def select(
    connection: sqlite3.Connection, kind: type[R], where: str = "1", parameters: tuple[object, ...] = ()
) -> list[R]:
    """Rows of one kind, oldest first. `where` is constant SQL."""
    names = ", ".join(field.name for field in dataclasses.fields(kind))
    rows = connection.execute(
        f"SELECT {names} FROM {_TABLES[kind]} WHERE {where} ORDER BY created, rowid",  # noqa: S608 (constant names)
        parameters,
    )
    return [_make(kind, row) for row in rows]


def origin_of(connection: sqlite3.Connection, session_id: str) -> tuple[str, str]:
    """The session that this one was forked from, "" for none, and the turn after which, "" for its last."""
    row: tuple[str, str] | None = connection.execute(
        "SELECT parent_session_id, fork_turn_id FROM sessions WHERE session_id = ?", (session_id,)
    ).fetchone()
    return ("", "") if row is None else row


def drop_sandbox(connection: sqlite3.Connection, sandbox_id: str) -> None:
    """Forget a sandbox and its outbox marks. Idempotent."""
    connection.execute("DELETE FROM sandboxes WHERE sandbox_id = ?", (sandbox_id,))
    connection.execute("DELETE FROM outbox WHERE sandbox_id = ?", (sandbox_id,))


def put_aside(connection: sqlite3.Connection, notebook_id: str, reason: str, data: bytes) -> None:
    connection.execute(
        "INSERT INTO aside (notebook_id, reason, time, data) VALUES (?, ?, ?, ?)",
        (notebook_id, reason, time.time(), data),
    )


def aside(connection: sqlite3.Connection, notebook_id: str) -> list[AsideRow]:
    rows = connection.execute(
        "SELECT notebook_id, reason, time, data FROM aside WHERE notebook_id = ? ORDER BY id", (notebook_id,)
    )
    return [AsideRow(*row) for row in rows]


def acquire_lease(
    connection: sqlite3.Connection, notebook_id: str, owner: str, is_alive: Callable[[str], bool]
) -> None:
    """Make `owner` the one host that drives this notebook; a dead host's lease is taken over.

    Raises:
        LeaseHeldError: another live host has it.
    """
    row = connection.execute("SELECT owner FROM leases WHERE notebook_id = ?", (notebook_id,)).fetchone()
    if row is not None and row[0] != owner and is_alive(row[0]):
        raise LeaseHeldError(
            "Another running Jupyter server or command drives this notebook's agent: stop it there, or try again later."
        )
    connection.execute("INSERT OR REPLACE INTO leases (notebook_id, owner) VALUES (?, ?)", (notebook_id, owner))


def release_lease(connection: sqlite3.Connection, notebook_id: str, owner: str) -> None:
    """Give the lease back if `owner` has it. Idempotent."""
    connection.execute("DELETE FROM leases WHERE notebook_id = ? AND owner = ?", (notebook_id, owner))


def _make(kind: type[R], row: tuple[Any, ...]) -> R:
    names = [field.name for field in dataclasses.fields(kind)]
    values = dict(zip(names, row, strict=True))
    if "grants" in values:
        values["grants"] = tuple(msgspec.json.decode(values["grants"]))
        values["stripped"] = bool(values["stripped"])
    return kind(**values)
