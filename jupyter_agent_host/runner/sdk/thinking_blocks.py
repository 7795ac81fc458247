"""Leaving earlier thinking out of a conversation that is resumed.

The API accepts a thinking block only while the system prompt, the tools and all messages before it are what they were
when the model wrote it; otherwise it answers 400 or drops the block, as the account is set. A resumed conversation
gives no such promise: its notebook may have been trimmed or compacted, and prompt, tools, MCP servers and the CLI may
have changed. So every block is left out, which the API accepts; what was said and done stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_THINKING = ("thinking", "redacted_thinking")


def without_thinking(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of one transcript without thinking blocks.

    The CLI writes an entry for each block. One that held nothing else goes, and what followed it follows its parent.
    """
    parents: dict[str, Any] = {}
    kept: list[dict[str, Any]] = []
    for entry in entries:
        trimmed = _trimmed(entry)
        if trimmed is None:
            parents[str(entry.get("uuid"))] = parents.get(str(entry.get("parentUuid")), entry.get("parentUuid"))
        else:
            kept.append(trimmed)
    return [_reparented(entry, parents) for entry in kept] if parents else kept


def _trimmed(entry: dict[str, Any]) -> dict[str, Any] | None:
    message = entry.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if entry.get("type") != "assistant" or not isinstance(content, list):
        return entry
    rest = [block for block in content if not (isinstance(block, dict) and block.get("type") in _THINKING)]
    if len(rest) == len(content):
        return entry
    return {**entry, "message": {**message, "content": rest}} if rest else None  # type: ignore[dict-item]


def _reparented(entry: dict[str, Any], parents: dict[str, Any]) -> dict[str, Any]:
    moved = {
        name: parents[entry[name]]
        for name in ("parentUuid", "logicalParentUuid", "leafUuid")
        if isinstance(entry.get(name), str) and entry[name] in parents
    }
    return {**entry, **moved} if moved else entry
