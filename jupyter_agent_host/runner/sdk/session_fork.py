"""A copy of an uploaded conversation under a new session id, made by the SDK's own fork."""

from __future__ import annotations

from typing import Any, cast

from claude_agent_sdk import SessionKey, SessionStore, SessionStoreEntry, fork_session_via_store

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.runner.connection.outbox_encoding import encode_json
from jupyter_agent_host.runner.connection.transcript_uploads import Transcript
from jupyter_agent_host.runner.sdk.outbox_session_store import decode_entries


async def forked_entries(source: Transcript, source_id: str, session_id: str, fork_at: str) -> list[Any]:
    """The entries of the copy, up to and including the message `fork_at` if given. Subagents stay behind.

    Raises:
        ProtocolError: there is nothing to fork, or `fork_at` is no message of it.
    """
    store = _OneSession(decode_entries(source.get("", [])))
    try:
        result = await fork_session_via_store(cast("SessionStore", store), source_id, up_to_message_id=fork_at or None)
    except (ValueError, FileNotFoundError) as err:
        raise ProtocolError(f"The conversation cannot be forked: {err}") from err
    return [_renamed(entry, result.session_id, session_id) for entry in store.forked]


def as_transcript(entries: list[Any]) -> Transcript:
    """Entries in the form of an upload."""
    return {"": [encode_json(entry) for entry in entries]}


class _OneSession:
    def __init__(self, entries: list[SessionStoreEntry]) -> None:
        self._entries = entries
        self.forked: list[Any] = []

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:  # noqa: ARG002 - there is only one
        return self._entries

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:  # noqa: ARG002 - there is only one
        self.forked.extend(cast("list[Any]", entries))


def _renamed(entry: dict[str, Any], made: str, wanted: str) -> dict[str, Any]:
    """The SDK chooses the new id; the host has chosen before."""
    return {**entry, "sessionId": wanted} if entry.get("sessionId") == made else entry
