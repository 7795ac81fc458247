"""The journal's one writer: a thread that commits what waits for it in groups.

While one group is being flushed to the disk, the next one gathers; nothing waits on purpose. So a lone write is
committed at once, and many concurrent ones share a flush.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from jupyter_agent_host.errors import JournalError
from jupyter_agent_host.store.journal.sqlite_connection import journal_error

T = TypeVar("T")

GROUP_SECONDS = 0.02
"""A group takes no further write after this long: it bounds how long the first one of a group waits."""


@dataclass
class _Ticket:
    job: Callable[[sqlite3.Connection], Any]
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """Runs jobs on one connection, each atomic, and answers each only after its commit is on the disk.

    A job may run twice (when its group could not be committed, each of its jobs is tried alone), so it keeps nothing
    outside the database.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._queue: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="agent-host-journal", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queue a job. Jobs are committed in the order of submission.

        The future fails with the job's own exception, or with `JournalError` where SQLite refused. Cancelling it
        before the job is begun means that nothing is written.

        Raises:
            JournalError: the journal is closed.
        """
        ticket = _Ticket(job)
        with self._lock:
            if self._closed:
                raise JournalError(f"The journal {self._path} is closed.")
            self._queue.put(ticket)
        return ticket.future

    def close(self) -> None:
        """Commit what is queued, then end the thread and the connection. Blocks; idempotent."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (ticket := self._queue.get()) is not None:
            self._commit_group(ticket)
        self._connection.close()

    def _commit_group(self, first: _Ticket) -> None:
        """Commit `first` together with what is queued behind it."""
        taken: list[_Ticket] = []
        done: list[tuple[_Ticket, Any]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._fill_group(first, taken, done)
            self._connection.execute("COMMIT")
        except sqlite3.Error as err:
            self._roll_back()
            self._retry_alone(taken or [first], err)
            return
        for ticket, result in done:
            ticket.future.set_result(result)

    def _fill_group(self, first: _Ticket, taken: list[_Ticket], done: list[tuple[_Ticket, Any]]) -> None:
        deadline = time.monotonic() + GROUP_SECONDS
        ticket: _Ticket | None = first
        while ticket is not None:
            if ticket.future.set_running_or_notify_cancel():
                taken.append(ticket)
                self._apply(ticket, done)
            if time.monotonic() > deadline:
                return
            try:
                ticket = self._queue.get_nowait()
            except queue.Empty:
                return
        # The end marker was met; nothing is queued behind it. `_run` shall meet it after this group's commit.
        self._queue.put(None)

    def _apply(self, ticket: _Ticket, done: list[tuple[_Ticket, Any]]) -> None:
        self._connection.execute("SAVEPOINT job")
        try:
            result = ticket.job(self._connection)
        except sqlite3.Error:
            raise
        except Exception as err:  # noqa: BLE001 (delivered to the caller: the thread must outlive a failed job)
            self._connection.execute("ROLLBACK TO job")
            self._connection.execute("RELEASE job")
            ticket.future.set_exception(err)
        else:
            self._connection.execute("RELEASE job")
            done.append((ticket, result))

    def _retry_alone(self, tickets: list[_Ticket], err: sqlite3.Error) -> None:
        """One job may have spoilt the group for the others."""
        open_tickets = [ticket for ticket in tickets if not ticket.future.done()]
        if len(open_tickets) == 1:
            self._fail(open_tickets[0], err)
            return
        for ticket in open_tickets:
            done: list[tuple[_Ticket, Any]] = []
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._apply(ticket, done)
                self._connection.execute("COMMIT")
            except sqlite3.Error as alone:
                self._roll_back()
                self._fail(ticket, alone)
            else:
                for finished, result in done:
                    finished.future.set_result(result)

    def _fail(self, ticket: _Ticket, err: sqlite3.Error) -> None:
        if ticket.future.running() or ticket.future.set_running_or_notify_cancel():
            error = journal_error(err, self._path)
            error.__cause__ = err
            ticket.future.set_exception(error)

    def _roll_back(self) -> None:
        # SQLite has already rolled back by itself after some errors, such as a full disk.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
