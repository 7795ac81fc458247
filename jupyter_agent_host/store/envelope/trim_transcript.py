"""Making a transcript smaller so that the agent can still go on from it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from jupyter_agent_host.store.transcript_entry import EntryHead, read_head, read_object, write_object

Entries = tuple[tuple[str, bytes], ...]

BOUNDARY = "compact_boundary"
"""Subtype of the entry from which on the CLI reads a transcript that it has summarised."""

_ATTACHED_OUTPUT = re.compile("file|directory|hook|selected|diagnostic|task|output|resource|shell")
_KEPT_STRING_BYTES = 200


def without_tool_output(entries: Entries, *, over_bytes: int = 0) -> Entries:
    """Replace tool results larger than `over_bytes` by their size and digest.

    Every call keeps its answer, as the API demands, so the transcript can be resumed.
    """
    return tuple((subpath, _trim_output(entry, over_bytes)) for subpath, entry in entries)


def without_long_strings(entries: Entries, *, over_bytes: int) -> Entries:
    """Replace every text larger than `over_bytes`, whoever wrote it. A last resort for one enormous turn."""
    return tuple(
        (subpath, _edit(entry, lambda data: _shorten(data, over_bytes)) if len(entry) > over_bytes else entry)
        for subpath, entry in entries
    )


def from_boundary(entries: Entries) -> Entries | None:
    """The entries from the last compaction boundary of the main transcript on; None without one.

    None, too, where the boundary keeps messages from before it, since those would be lost.
    """
    for index in range(len(entries) - 1, -1, -1):
        subpath, entry = entries[index]
        if not subpath and BOUNDARY.encode() in entry and _head(entry).subtype == BOUNDARY:
            return None if b'"preserved' in entry else entries[index:]
    return None


def reroot(entries: Entries, dropped: set[str]) -> Entries:
    """Make entries whose parent was dropped the start of their conversation: a missing parent loses what follows."""
    return tuple(
        (subpath, _edit(entry, _without_parent) if _head(entry).parent_uuid in dropped else entry)
        for subpath, entry in entries
    )


def uuids(entries: Iterable[tuple[str, bytes]]) -> set[str]:
    return {uuid for _, entry in entries if isinstance(uuid := _head(entry).uuid, str)}


def _trim_output(entry: bytes, over_bytes: int) -> bytes:
    if len(entry) <= over_bytes or not any(
        sign in entry for sign in (b'"tool_result"', b'"toolUseResult"', b'"attachment"', b'"progress"')
    ):
        return entry
    return _edit(entry, lambda data: _trim_parts(data, over_bytes))


def _trim_parts(data: dict[str, Any], over_bytes: int) -> dict[str, Any]:
    trimmed = dict(data)
    if "toolUseResult" in data:
        trimmed["toolUseResult"] = _note_if(data["toolUseResult"], over_bytes)
    message = data.get("message")
    if isinstance(message, dict) and isinstance(message.get("content"), list):
        trimmed["message"] = {**message, "content": [_trim_block(block, over_bytes) for block in message["content"]]}
    if data.get("type") == "progress":
        trimmed["data"] = _shorten(data.get("data"), max(over_bytes, _KEPT_STRING_BYTES))
    attachment = data.get("attachment")
    if isinstance(attachment, dict) and _ATTACHED_OUTPUT.search(str(attachment.get("type"))):
        # What the attachment became for the model stands beside it.
        return {name: _shorten(part, max(over_bytes, _KEPT_STRING_BYTES)) for name, part in trimmed.items()}
    return trimmed


def _trim_block(block: object, over_bytes: int) -> object:
    if isinstance(block, dict) and block.get("type") == "tool_result" and "content" in block:
        return {**block, "content": _note_if(block["content"], over_bytes)}
    return block


def _note_if(value: object, over_bytes: int) -> object:
    encoded = write_object(value)
    return _note(encoded) if len(encoded) > over_bytes else value


def _note(data: bytes) -> str:
    return f"[{len(data)} bytes were not kept in the notebook; sha256 {hashlib.sha256(data).hexdigest()}]"


def _shorten(value: Any, over_bytes: int) -> Any:
    if isinstance(value, str):
        encoded = value.encode("utf-8", "surrogatepass")
        return _note(encoded) if len(encoded) > over_bytes else value
    if isinstance(value, dict):
        return {name: _shorten(part, over_bytes) for name, part in value.items()}
    if isinstance(value, list):
        return [_shorten(part, over_bytes) for part in value]
    return value


def _without_parent(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "parentUuid": None}


def _edit(entry: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """The changed entry; empty, and so left out, if it cannot be read: it might hold what was to go."""
    data = read_object(entry)
    return b"" if data is None else write_object(change(data))


def _head(entry: bytes) -> EntryHead:
    return read_head(entry) or EntryHead()
