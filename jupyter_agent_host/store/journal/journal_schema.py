"""Tables of the journal, and how an older file becomes the newest version."""

from __future__ import annotations

import sqlite3

from jupyter_agent_host.errors import JournalError

APPLICATION_ID = 0x4A414831
"""Marks our files ("JAH1"), so that somebody else's database is never written to."""

_VERSION_1 = (
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY, notebook_id TEXT NOT NULL, number INTEGER NOT NULL, session_id TEXT NOT NULL,
        turn_id TEXT NOT NULL, time REAL NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL)
    """,
    "CREATE UNIQUE INDEX events_by_number ON events (notebook_id, number)",
    "CREATE INDEX events_by_turn ON events (notebook_id, turn_id, number)",
    """
    CREATE TABLE transcripts (
        id INTEGER PRIMARY KEY, project_key TEXT NOT NULL, session_id TEXT NOT NULL, subpath TEXT NOT NULL,
        updated_ms INTEGER NOT NULL, UNIQUE (project_key, session_id, subpath))
    """,
    """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT, transcript_id INTEGER NOT NULL REFERENCES transcripts ON DELETE CASCADE,
        uuid TEXT, body BLOB NOT NULL)
    """,
    "CREATE INDEX entries_by_transcript ON entries (transcript_id, id)",
    "CREATE UNIQUE INDEX entries_by_uuid ON entries (transcript_id, uuid) WHERE uuid IS NOT NULL",
    """
    CREATE TABLE summaries (
        project_key TEXT NOT NULL, session_id TEXT NOT NULL, updated_ms INTEGER NOT NULL, data BLOB NOT NULL,
        PRIMARY KEY (project_key, session_id))
    """,
    """
    CREATE TABLE turns (
        turn_id TEXT NOT NULL, notebook_id TEXT NOT NULL, session_id TEXT NOT NULL, seq INTEGER NOT NULL,
        prompt TEXT NOT NULL, prompt_digest TEXT NOT NULL, cell_id TEXT NOT NULL, origin TEXT NOT NULL,
        actor TEXT NOT NULL, model TEXT NOT NULL, started REAL NOT NULL, ended REAL, status TEXT NOT NULL,
        text TEXT NOT NULL, usage BLOB NOT NULL, cost_usd REAL NOT NULL, duration_ms INTEGER NOT NULL,
        first_event INTEGER NOT NULL, previous_turn_id TEXT NOT NULL,
        previous_digest TEXT NOT NULL, chain_digest TEXT NOT NULL, last_entry INTEGER, tools BLOB NOT NULL,
        PRIMARY KEY (session_id, turn_id))
    """,
    "CREATE UNIQUE INDEX turns_by_session ON turns (session_id, seq)",
    "CREATE INDEX turns_running ON turns (turn_id) WHERE ended IS NULL",
    "CREATE INDEX turns_by_answer ON turns (session_id, cell_id, prompt_digest)",
    """
    CREATE TABLE notebooks (
        notebook_id TEXT PRIMARY KEY, path TEXT NOT NULL, session_id TEXT NOT NULL, model TEXT NOT NULL,
        permission_mode TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, grants BLOB NOT NULL,
        budget_usd REAL, trust_note TEXT NOT NULL)
    """,
    "CREATE UNIQUE INDEX notebooks_by_path ON notebooks (path) WHERE path <> ''",
    """
    CREATE TABLE sessions (
        session_id TEXT PRIMARY KEY, notebook_id TEXT NOT NULL, parent_session_id TEXT NOT NULL, title TEXT NOT NULL,
        created REAL NOT NULL, sdk_version TEXT NOT NULL, cli_version TEXT NOT NULL)
    """,
    "CREATE INDEX sessions_by_notebook ON sessions (notebook_id, created)",
    """
    CREATE TABLE sandboxes (
        sandbox_id TEXT PRIMARY KEY, provider TEXT NOT NULL, notebook_id TEXT NOT NULL, session_id TEXT NOT NULL,
        token TEXT NOT NULL, created REAL NOT NULL)
    """,
    """
    CREATE TABLE outbox (
        sandbox_id TEXT NOT NULL, incarnation TEXT NOT NULL, number INTEGER NOT NULL,
        PRIMARY KEY (sandbox_id, incarnation)) WITHOUT ROWID
    """,
    """
    CREATE TABLE ledger (
        id INTEGER PRIMARY KEY, notebook_id TEXT NOT NULL, session_id TEXT NOT NULL, turn_id TEXT NOT NULL,
        started REAL NOT NULL, duration_ms INTEGER NOT NULL, path TEXT NOT NULL, model TEXT NOT NULL,
        status INTEGER NOT NULL, refused TEXT NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
        cache_read_input_tokens INTEGER NOT NULL, cache_creation_input_tokens INTEGER NOT NULL, cost_usd REAL NOT NULL,
        bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL, complete INTEGER NOT NULL)
    """,
    "CREATE INDEX ledger_by_notebook ON ledger (notebook_id, started)",
    """
    CREATE TABLE aside (
        id INTEGER PRIMARY KEY, notebook_id TEXT NOT NULL, reason TEXT NOT NULL, time REAL NOT NULL, data BLOB NOT NULL)
    """,
    "CREATE INDEX aside_by_notebook ON aside (notebook_id, id)",
    "CREATE TABLE leases (notebook_id TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID",
)

_VERSION_2 = (
    "ALTER TABLE notebooks ADD COLUMN notebook_mode TEXT NOT NULL DEFAULT ''",
    """
    CREATE TABLE permission_grants (
        notebook_id TEXT NOT NULL, tool TEXT NOT NULL, risk TEXT NOT NULL, time REAL NOT NULL, actor TEXT NOT NULL,
        PRIMARY KEY (notebook_id, tool, risk)) WITHOUT ROWID
    """,
    """
    CREATE TABLE checkpoints (
        id INTEGER PRIMARY KEY, notebook_id TEXT NOT NULL, turn_id TEXT NOT NULL, session_id TEXT NOT NULL,
        time REAL NOT NULL, dropped TEXT NOT NULL DEFAULT '', UNIQUE (notebook_id, turn_id))
    """,
    """
    CREATE TABLE checkpoint_items (
        id INTEGER PRIMARY KEY, checkpoint_id INTEGER NOT NULL REFERENCES checkpoints ON DELETE CASCADE,
        kind TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, told INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
        before BLOB, after BLOB, UNIQUE (checkpoint_id, kind, key))
    """,
)

_VERSION_3 = (
    "ALTER TABLE sessions ADD COLUMN fork_turn_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE notebooks ADD COLUMN stripped INTEGER NOT NULL DEFAULT 0",
)

_VERSION_4 = (
    """
    CREATE TABLE choices (
        notebook_id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, verdict TEXT NOT NULL, actor TEXT NOT NULL,
        time REAL NOT NULL, PRIMARY KEY (notebook_id, kind, name)) WITHOUT ROWID
    """,
)

_VERSION_5 = (
    """
    CREATE TABLE jobs (
        notebook_id TEXT NOT NULL, number INTEGER NOT NULL, request_id TEXT NOT NULL, turn_id TEXT NOT NULL,
        title TEXT NOT NULL, headless INTEGER NOT NULL, cell_ids TEXT NOT NULL, began REAL NOT NULL,
        state TEXT NOT NULL, told INTEGER NOT NULL, PRIMARY KEY (notebook_id, number)) WITHOUT ROWID
    """,
)

_VERSION_6 = ("ALTER TABLE checkpoints ADD COLUMN places BLOB",)

_VERSION_7 = ("ALTER TABLE notebooks ADD COLUMN folder TEXT NOT NULL DEFAULT ''",)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _VERSION_1,
    _VERSION_2,
    _VERSION_3,
    _VERSION_4,
    _VERSION_5,
    _VERSION_6,
    _VERSION_7,
)
"""`MIGRATIONS[n]` takes a file from version n to n + 1. Append only."""


def migrate(connection: sqlite3.Connection, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Bring the file to the newest version, all steps or none. Two processes may do this at once.

    Raises:
        JournalError: the file is somebody else's, or of a newer version.
    """
    _refuse_foreign(connection)
    if _version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _step_up(connection, migrations)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _step_up(connection: sqlite3.Connection, migrations: tuple[tuple[str, ...], ...]) -> None:
    # Read again under the lock: another process may have migrated in between.
    version = _version(connection)
    if version > len(migrations):
        raise JournalError(
            f"The journal was written by a newer version of jupyter-agent-host (schema {version}; this one knows "
            f"{len(migrations)}). Upgrade jupyter-agent-host, or choose another data folder."
        )
    for statements in migrations[version:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(migrations)}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _refuse_foreign(connection: sqlite3.Connection) -> None:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application_id != APPLICATION_ID:
        raise JournalError("The file at the journal's place is another program's database; it was left untouched.")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
