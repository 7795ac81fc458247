"""A few reading connections, each used by one worker thread at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread

from jupyter_agent_host.errors import JournalError
from jupyter_agent_host.store.journal.sqlite_connection import connect_reader, journal_error

T = TypeVar("T")

MAX_READERS = 4


class Readers:
    """Runs queries in worker threads, at most `MAX_READERS` at once. Each query sees one committed state."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._limiter = anyio.CapacityLimiter(MAX_READERS)
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    async def run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run one query. Cancelling waits for it to end.

        Raises:
            JournalError: the file cannot be read, or the journal is closed.
        """
        return await anyio.to_thread.run_sync(self._run, query, limiter=self._limiter)

    def close(self) -> None:
        """Close what is idle; a query under way closes its connection when it ends."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = self._take()
            try:
                connection.execute("BEGIN")
                return query(connection)
            finally:
                self._give_back(connection)
        except sqlite3.Error as err:
            raise journal_error(err, self._path) from err

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise JournalError(f"The journal {self._path} is closed.")
            if self._idle:
                return self._idle.pop()
        return connect_reader(self._path)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("COMMIT")
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()
