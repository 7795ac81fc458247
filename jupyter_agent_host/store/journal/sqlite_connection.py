"""Connections to the journal's file, and what SQLite's errors mean to a person."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from jupyter_agent_host.errors import JournalError
from jupyter_agent_host.store.journal.journal_schema import migrate

BUSY_SECONDS = 15.0
"""How long one host waits for another's commit on the same data folder."""

_SENTENCES = (
    ("is full", "The disk that holds the journal {path} is full: free some space and try again."),
    ("malformed", "The journal {path} is damaged and was left as it is: {help}"),
    ("not a database", "The journal {path} is damaged and was left as it is: {help}"),
    ("disk I/O error", "The disk that holds the journal {path} refused a read or write: check the disk and try again."),
    ("locked", "Another process keeps the journal {path} busy: try again."),
    ("readonly", "The journal {path} may not be written: check the owner and mode of the file and its folder."),
    ("unable to open", "The journal {path} cannot be opened: check the owner and mode of the file and its folder."),
)
_HELP = "move it away to start a new one; saved notebooks still hold their sessions."


def prepare_file(path: Path) -> None:
    """Make the journal's folder private (0700) and its file too (0600), creating both where missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    # SQLite gives its -wal and -shm files the mode of the main file.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def connect_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes. Migrates the file; every commit is on the disk when it returns."""
    connection = _connect(path)
    try:
        _use_wal(connection, path)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise JournalError(f"The file system of {path} cannot hold the journal (no shared memory for SQLite's WAL).")


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that can only read."""
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    # Transactions are begun by hand; connections wander between threads, one at a time.
    return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def journal_error(err: sqlite3.Error | OSError, path: Path) -> JournalError:
    """What went wrong, as a sentence with a way out."""
    text = str(err)
    for sign, sentence in _SENTENCES:
        if sign in text:
            return JournalError(sentence.format(path=path, help=_HELP))
    return JournalError(f"The journal {path} refused: {text}.")
