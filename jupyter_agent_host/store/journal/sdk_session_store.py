"""The SDK's `SessionStore` on the journal, duck-typed: the SDK itself is not imported here."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.tables import transcript_table
from jupyter_agent_host.store.transcript_entry import write_object

Key = dict[str, Any]
"""`{project_key, session_id, subpath?}`; without `subpath` it is the main transcript."""

Entry = dict[str, Any]
Fold = Callable[[Any, Any, Any], Any]
"""The SDK's `fold_session_summary(previous, key, entries)`."""


class JournalSessionStore:
    """Transcripts in the journal: append-only, in order, deduplicated by uuid, durable when `append` returns.

    Passes the SDK's conformance suite (`claude_agent_sdk.testing`). Entries are opaque JSON objects.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def append(self, key: Key, entries: list[Entry]) -> None:
        """Add entries; those whose uuid is stored already are left out."""
        await self._journal.change(partial(_append, key=key, entries=_encode(entries)))

    async def load(self, key: Key) -> list[Entry] | None:
        """All entries in the order of writing; None if the key was never written."""
        entries = await self._journal.query(lambda connection: transcript_table.load(connection, **_names(key)))
        return None if entries is None else [json.loads(entry) for entry in entries]

    async def list_sessions(self, project_key: str) -> list[dict[str, Any]]:
        rows = await self._journal.query(partial(transcript_table.sessions, project_key=project_key))
        return [{"session_id": session_id, "mtime": mtime} for session_id, mtime in rows]

    async def list_subkeys(self, key: Key) -> list[str]:
        """Subpaths of the session, without the main transcript."""
        return await self._journal.query(
            partial(transcript_table.subpaths, project_key=key["project_key"], session_id=key["session_id"])
        )

    async def delete(self, key: Key) -> None:
        """Remove one transcript; without `subpath` the whole session. Idempotent."""
        await self._journal.change(lambda connection: transcript_table.delete(connection, **_names(key)))


class SummarizingSessionStore(JournalSessionStore):
    """The same, with a summary of each session kept up to date by the SDK's fold, which the caller hands in."""

    def __init__(self, journal: Journal, fold: Fold) -> None:
        super().__init__(journal)
        self._fold = fold

    async def append(self, key: Key, entries: list[Entry]) -> None:
        """Add entries and fold them into the summary, as one unit."""
        encoded = _encode(entries)
        await self._journal.change(partial(_append_and_fold, key=key, entries=encoded, fold=self._fold))

    async def list_session_summaries(self, project_key: str) -> list[dict[str, Any]]:
        rows = await self._journal.query(partial(transcript_table.summaries, project_key=project_key))
        return [_summary(*row) for row in rows]


def _encode(entries: list[Entry]) -> tuple[bytes, ...]:
    return tuple(map(write_object, entries))


def _append(connection: sqlite3.Connection, key: Key, entries: tuple[bytes, ...]) -> list[bytes]:
    return transcript_table.append(connection, entries=entries, **_names(key))


def _append_and_fold(connection: sqlite3.Connection, key: Key, entries: tuple[bytes, ...], fold: Fold) -> None:
    added = _append(connection, key, entries)
    if not added or key.get("subpath"):
        return
    project_key, session_id = key["project_key"], key["session_id"]
    found = transcript_table.summary(connection, project_key, session_id)
    previous = None if found is None else _summary(session_id, *found)
    folded = fold(previous, key, [json.loads(entry) for entry in added])
    transcript_table.put_summary(connection, project_key, session_id, write_object(folded["data"]))


def _summary(session_id: str, mtime: int, data: bytes) -> dict[str, Any]:
    return {"session_id": session_id, "mtime": mtime, "data": json.loads(data)}


def _names(key: Key) -> dict[str, str]:
    return {
        "project_key": key["project_key"],
        "session_id": key["session_id"],
        "subpath": key.get("subpath") or "",
    }
