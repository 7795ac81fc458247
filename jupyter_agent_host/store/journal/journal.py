"""The journal: every event, transcript entry and cost of this data folder, durable before anybody sees it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import anyio.to_thread

from jupyter_agent_host.protocol.events import EventRecord
from jupyter_agent_host.store import host_lock
from jupyter_agent_host.store.journal.group_commit_writer import Writer
from jupyter_agent_host.store.journal.new_items import WriteItem
from jupyter_agent_host.store.journal.reader_pool import Readers
from jupyter_agent_host.store.journal.rows import (
    AsideRow,
    ChoiceRow,
    LedgerSum,
    NotebookRow,
    SandboxRow,
    SessionOverview,
    SessionRow,
    TurnRow,
)
from jupyter_agent_host.store.journal.sqlite_connection import connect_writer, journal_error, prepare_file
from jupyter_agent_host.store.journal.tables import (
    choice_table,
    event_table,
    ledger_table,
    notebook_table,
    session_overview,
    transcript_table,
    turn_pages,
    turn_table,
)
from jupyter_agent_host.store.journal.tables.turn_pages import TurnPage

T = TypeVar("T")


class Journal:
    """One SQLite file, read and written by any number of hosts at once. Made by `open`; also a context manager.

    Whatever changes it is on the disk when the call returns, and either all of it or nothing is. Cancelling a change
    leaves open which of the two. Every method raises `JournalError` where the disk is full, the file damaged or the
    journal closed; what was written before stays.
    """

    def __init__(self, path: Path, writer: Writer, readers: Readers) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers

    @classmethod
    async def open(cls, path: Path) -> Journal:
        """Open or make the journal at `path`; its folder becomes private to this user and holds the hosts' locks.

        Raises:
            JournalError: the file is damaged, foreign, of a newer version, or cannot be had.
        """
        return await anyio.to_thread.run_sync(cls._open, path)

    @classmethod
    def _open(cls, path: Path) -> Journal:
        try:
            prepare_file(path)
            writer = Writer(connect_writer(path), path)
        except (sqlite3.Error, OSError) as err:
            raise journal_error(err, path) from err
        return cls(path, writer, Readers(path))

    async def aclose(self) -> None:
        """Commit what is under way and close. Idempotent."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._writer.close)
            await anyio.to_thread.run_sync(self._readers.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def change(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run one of this package's statements in the writer's next group."""
        return await asyncio.wrap_future(self._writer.submit(job))

    async def query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run one of this package's queries on a consistent state, in a worker thread."""
        return await self._readers.run(query)

    # -- events and transcripts ---------------------------------------------------------------------------------------

    async def write(self, items: Sequence[WriteItem]) -> list[EventRecord]:
        """Write one unit and number its events, one rising number per notebook.

        Nothing is written, and the list is empty, when it holds an `OutboxMark` that was stored before. The events
        of a turn's start and end also keep the table of turns.
        """
        return await self.change(partial(event_table.write, items=tuple(items)))

    async def events(
        self, notebook_id: str, *, after: int = 0, turn_id: str = "", limit: int = 1000
    ) -> list[EventRecord]:
        """Events with a greater number than `after`, in order; of one turn only when `turn_id` is given."""
        return await self.query(
            partial(event_table.events, notebook_id=notebook_id, after=after, turn_id=turn_id, limit=limit)
        )

    async def turn_page(self, notebook_id: str, session_id: str, *, before: int = 0, limit: int = 20) -> TurnPage:
        """The events of the conversation's last `limit` turns begun before the event `before` (0: all)."""
        return await self.query(
            partial(turn_pages.page, notebook_id=notebook_id, session_id=session_id, before=before, limit=limit)
        )

    async def one_turn(self, notebook_id: str, turn_id: str) -> TurnPage:
        """The events of one turn; none when the notebook has no such turn."""
        return await self.query(partial(turn_pages.turn, notebook_id=notebook_id, turn_id=turn_id))

    async def last_event_number(self, notebook_id: str) -> int:
        """0 when there is none."""
        return await self.query(partial(event_table.last_number, notebook_id=notebook_id))

    async def outbox_mark(self, sandbox_id: str, incarnation: str) -> int:
        """The last outbox number of that runner process that is stored; 0 when there is none."""
        return await self.query(partial(event_table.outbox_mark, sandbox_id=sandbox_id, incarnation=incarnation))

    async def transcript(self, session_id: str) -> list[tuple[str, bytes]]:
        """(subpath, entry as JSON), in order; the main transcript ("") first."""
        rows = await self.query(partial(transcript_table.load_session, session_id=session_id))
        return [(subpath, entry) for _, subpath, entry in rows]

    # -- turns --------------------------------------------------------------------------------------------------------

    async def turns(self, session_id: str) -> list[TurnRow]:
        """The session's turns, running ones included, oldest first."""
        return await self.query(partial(turn_table.of_session, session_id=session_id))

    async def lineage(self, session_id: str) -> list[TurnRow]:
        """The turns that lead to the session's last one, with those of the sessions that it was forked from.

        A fork that has no turn yet gives its parent's.
        """
        return await self.query(partial(turn_table.lineage, session_id=session_id))

    async def fork_entry(self, session_id: str, turn_id: str) -> str:
        """The uuid of the last message in the session's transcript when that turn had ended; "" without one."""
        return await self.query(partial(turn_table.fork_entry, session_id=session_id, turn_id=turn_id))

    async def context_tokens(self, session_id: str) -> int:
        """Tokens in the context after the conversation's newest turn, as the agent told; 0 when it did not."""
        return await self.query(partial(session_overview.context_tokens, session_id=session_id))

    async def models_used(self, notebook_id: str, *, limit: int = 20) -> list[str]:
        """Models that answered this notebook, newest first."""
        return await self.query(partial(session_overview.models, notebook_id=notebook_id, limit=limit))

    # -- what the host knows ------------------------------------------------------------------------------------------

    async def notebook(self, notebook_id: str) -> NotebookRow | None:
        return _first(await self.query(partial(_notebooks, where="notebook_id = ?", parameters=(notebook_id,))))

    async def notebook_by_path(self, path: str) -> NotebookRow | None:
        """The notebook that was last seen at that absolute path."""
        if not path:
            return None
        return _first(await self.query(partial(_notebooks, where="path = ?", parameters=(path,))))

    async def put_notebook(self, row: NotebookRow) -> None:
        """Insert or replace. Another notebook that had the same path loses it."""
        await self.change(partial(notebook_table.put, row=row))

    async def list_notebooks(self) -> list[NotebookRow]:
        return await self.query(_notebooks)

    async def sessions(self, notebook_id: str) -> list[SessionRow]:
        """The notebook's sessions, oldest first."""
        return await self.query(
            partial(notebook_table.select, kind=SessionRow, where="notebook_id = ?", parameters=(notebook_id,))
        )

    async def session_overviews(self, notebook_id: str, *, keep: str, limit: int = 500) -> list[SessionOverview]:
        """The newest sessions that have turns of their own, and `keep` in any case; the one used last first."""
        return await self.query(partial(session_overview.overviews, notebook_id=notebook_id, keep=keep, limit=limit))

    async def session(self, session_id: str) -> SessionRow | None:
        found = await self.query(
            partial(notebook_table.select, kind=SessionRow, where="session_id = ?", parameters=(session_id,))
        )
        return found[0] if found else None

    async def put_session(self, row: SessionRow) -> None:
        """Insert or replace; a parent once named stays.

        A fork is put before its first turn: its turns then follow its parent's last one.
        """
        await self.change(partial(notebook_table.put, row=row))

    async def put_sandbox(self, row: SandboxRow) -> None:
        await self.change(partial(notebook_table.put, row=row))

    async def sandboxes(self) -> list[SandboxRow]:
        """Those that were made and not dropped, whichever host made them; oldest first."""
        return await self.query(partial(notebook_table.select, kind=SandboxRow))

    async def drop_sandbox(self, sandbox_id: str) -> None:
        """Forget a sandbox together with its outbox marks. Idempotent."""
        await self.change(partial(notebook_table.drop_sandbox, sandbox_id=sandbox_id))

    async def ledger(self, notebook_id: str, *, since: float | None = None) -> LedgerSum:
        """Sums over the gateway's requests; those begun at `since` or later when it is given."""
        return await self.query(partial(ledger_table.total, notebook_id=notebook_id, since=since))

    async def put_choice(self, row: ChoiceRow) -> None:
        """Insert or replace by notebook, kind and name."""
        await self.change(partial(choice_table.put, row=row))

    async def drop_choice(self, notebook_id: str, kind: str, name: str) -> None:
        """Forget one. Idempotent."""
        await self.change(partial(choice_table.drop, notebook_id=notebook_id, kind=kind, name=name))

    async def choices(self, notebook_id: str, kind: str) -> list[ChoiceRow]:
        """What the notebook's owner decided, oldest first."""
        return await self.query(partial(choice_table.select, notebook_id=notebook_id, kind=kind))

    async def put_aside(self, notebook_id: str, reason: str, data: bytes) -> None:
        """Keep what was replaced or could not be read."""
        await self.change(partial(notebook_table.put_aside, notebook_id=notebook_id, reason=reason, data=data))

    async def aside(self, notebook_id: str) -> list[AsideRow]:
        """What was put aside, oldest first."""
        return await self.query(partial(notebook_table.aside, notebook_id=notebook_id))

    # -- leases -------------------------------------------------------------------------------------------------------

    async def acquire_lease(self, notebook_id: str, owner: str) -> None:
        """Make `owner` (a `HostLock.owner`) the one host that drives this notebook. Idempotent.

        Raises:
            LeaseHeldError: another host has it, and its lock in this journal's folder says that it lives.
        """
        alive = partial(host_lock.is_alive, self.path.parent)
        await self.change(partial(notebook_table.acquire_lease, notebook_id=notebook_id, owner=owner, is_alive=alive))

    async def release_lease(self, notebook_id: str, owner: str) -> None:
        """Give the lease back if `owner` has it. Idempotent."""
        await self.change(partial(notebook_table.release_lease, notebook_id=notebook_id, owner=owner))


def _notebooks(
    connection: sqlite3.Connection, where: str = "1", parameters: tuple[object, ...] = ()
) -> list[NotebookRow]:
    return notebook_table.select(connection, NotebookRow, where, parameters)


def _first(rows: list[NotebookRow]) -> NotebookRow | None:
    return rows[0] if rows else None
