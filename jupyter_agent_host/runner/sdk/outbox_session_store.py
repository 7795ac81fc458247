"""The SDK's SessionStore inside the sandbox: what the CLI writes goes to the outbox, what it resumes was uploaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import anyio.to_thread
from claude_agent_sdk import SessionKey, SessionListSubkeysKey, SessionStoreEntry

from jupyter_agent_host.runner.connection.outbox import Outbox
from jupyter_agent_host.runner.connection.outbox_encoding import appends
from jupyter_agent_host.runner.connection.transcript_uploads import Transcript, Uploads


class OutboxStore:
    """`append` never waits and never fails: the SDK drops what it cannot append, and then resumes with a gap.

    Duck-typed, as the SDK allows. The project key (the CLI's name for a working folder) is ignored: one session
    resumes from any folder.
    """

    def __init__(self, outbox: Outbox, uploads: Uploads) -> None:
        self._outbox = outbox
        self._uploads = uploads

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        """Put entries into the outbox. Called by the SDK within 100 ms of the CLI's own write."""
        for item in appends(key["session_id"], key.get("subpath", ""), cast("Sequence[Any]", entries)):
            self._outbox.put(item)

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        """The uploaded entries, None if there are none. Called by the SDK before it starts the CLI."""
        transcript = self._uploads.get(key["session_id"]) or {}
        lines = transcript.get(key.get("subpath", ""))
        return await anyio.to_thread.run_sync(decode_entries, lines) if lines else None

    async def list_subkeys(self, key: SessionListSubkeysKey) -> list[str]:
        """The subagents' transcripts that were uploaded."""
        transcript: Transcript = self._uploads.get(key["session_id"]) or {}
        return [subpath for subpath in transcript if subpath]


def decode_entries(lines: Sequence[bytes]) -> list[SessionStoreEntry]:
    """Encoded entries as objects. `json` reads what msgspec refuses, such as half surrogate pairs."""
    return [json.loads(line) for line in lines]
