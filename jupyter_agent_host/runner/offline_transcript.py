"""The turns of a transcript that is not ours, read by the SDK inside a sandbox that has nothing to lose.

stdin: JSON lines of `protocol.runner_http.TranscriptLine`. stdout: JSON lines, one a turn, oldest first:
`{"prompt", "text", "time", "tools": [{"name", "input"}]}`; `time` is ISO 8601 or "". Every string is bounded.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any, cast

import anyio
import anyio.to_thread
from claude_agent_sdk import (
    SessionKey,
    SessionMessage,
    SessionStore,
    SessionStoreEntry,
    get_session_messages_from_store,
)

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.protocol.limits import KIB
from jupyter_agent_host.runner.connection.outbox_encoding import encode_json
from jupyter_agent_host.runner.connection.transcript_uploads import read_transcript
from jupyter_agent_host.runner.sdk.outbox_session_store import decode_entries

MAX_TURNS = 1000
MAX_TEXT = 16 * KIB
MAX_TOOLS = 50
_MAX_INPUT = KIB
_READ_BYTES = 256 * KIB
_ANY_SESSION = "00000000-0000-4000-8000-000000000000"


async def main() -> int:
    """Read all of stdin, then write the last 1000 turns.

    Raises:
        ProtocolError: stdin is no transcript.
    """
    transcript = await read_transcript(_stdin())
    for turn in await turns(decode_entries(transcript.get("", []))):
        sys.stdout.buffer.write(encode_json(turn) + b"\n")
    sys.stdout.flush()
    return 0


async def turns(entries: list[SessionStoreEntry]) -> list[dict[str, Any]]:
    """The visible conversation as turns.

    Raises:
        ProtocolError: the entries have a shape that the SDK cannot read.
    """
    times = {
        str(entry.get("uuid", "")): str(entry.get("timestamp", "")) for entry in entries if isinstance(entry, dict)
    }
    try:
        messages = await get_session_messages_from_store(cast("SessionStore", _Entries(entries)), _ANY_SESSION)
    except (TypeError, KeyError, ValueError, AttributeError) as err:
        raise ProtocolError(f"The transcript cannot be read: {type(err).__name__}") from err
    found: list[dict[str, Any]] = []
    for message in messages:
        _add(found, message, times.get(message.uuid, ""))
    return found[-MAX_TURNS:]


def _add(found: list[dict[str, Any]], message: SessionMessage, time: str) -> None:
    content = message.message.get("content") if isinstance(message.message, dict) else None
    text = _text(content)
    if message.type == "user":
        if text:
            found.append({"prompt": text, "text": "", "time": time[:64], "tools": []})
    elif found:
        turn = found[-1]
        turn["text"] = (turn["text"] + ("\n\n" if turn["text"] and text else "") + text)[:MAX_TEXT]
        turn["tools"] = (turn["tools"] + _tools(content))[:MAX_TOOLS]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content[:MAX_TEXT]
    blocks = content if isinstance(content, list) else []
    texts = [str(block.get("text", "")) for block in blocks if isinstance(block, dict) and block.get("type") == "text"]
    return "\n".join(texts)[:MAX_TEXT]


def _tools(content: Any) -> list[dict[str, str]]:
    blocks = content if isinstance(content, list) else []
    return [
        {
            "name": str(block.get("name", ""))[:64],
            "input": encode_json(block.get("input"))[:_MAX_INPUT].decode("utf-8", "ignore"),
        }
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "tool_use"
    ]


class _Entries:
    def __init__(self, entries: list[SessionStoreEntry]) -> None:
        self._entries = entries

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:  # noqa: ARG002 - there is only one
        return self._entries


async def _stdin() -> AsyncIterator[bytes]:
    while data := await anyio.to_thread.run_sync(sys.stdin.buffer.read, _READ_BYTES):
        yield data
