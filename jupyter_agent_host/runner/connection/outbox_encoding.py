"""Encoding what must not be lost: whatever the agent produced becomes a frame that the host can read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from jupyter_agent_host.errors import FrameTooLargeError
from jupyter_agent_host.protocol.control import Append, Outbox, TurnEvent, encode_frame
from jupyter_agent_host.protocol.limits import KIB, MAX_FRAME_BYTES, MIB

_APPEND_BYTES = 4 * MIB
_ENTRY_BYTES = MAX_FRAME_BYTES - 64 * KIB
_CUT_STRING = 16 * KIB


def encode_json(value: Any) -> bytes:
    """JSON as UTF-8. Half surrogate pairs (JavaScript cuts text anywhere) become U+FFFD; huge integers stay."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, OverflowError):
        return json.dumps(_mend(value), ensure_ascii=False, separators=(",", ":")).encode()


def encode_item(number: int, item: Append | TurnEvent) -> bytes:
    """One outbox frame. Never fails: strings of an event that is too large for any frame are cut."""
    try:
        return encode_frame(Outbox(number=number, item=item))
    except (FrameTooLargeError, UnicodeEncodeError, OverflowError):
        value = msgspec.to_builtins(Outbox(number=number, item=item))
    data = encode_json(value)
    return data if len(data) <= MAX_FRAME_BYTES else encode_json(_cut(value))


def appends(session_id: str, subpath: str, entries: Sequence[Any]) -> Iterator[Append]:
    """Transcript entries as outbox items of a few MiB each. An entry too large for any frame has its strings cut.

    Its identity and its place in the chain of entries stay, so that the session can still be resumed.
    """
    batch: list[msgspec.Raw] = []
    size = 0
    for entry in entries:
        data = encode_json(entry)
        if len(data) > _ENTRY_BYTES:
            data = encode_json(_cut(entry))
        if batch and size + len(data) > _APPEND_BYTES:
            yield Append(session_id=session_id, subpath=subpath, entries=tuple(batch))
            batch, size = [], 0
        batch.append(msgspec.Raw(data))
        size += len(data)
    if batch:
        yield Append(session_id=session_id, subpath=subpath, entries=tuple(batch))


def _mend(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mend(key): _mend(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mend(item) for item in value]
    return value


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _CUT_STRING:
        return f"{value[:_CUT_STRING]}... [cut: {len(value)} characters are too many to keep]"
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cut(item) for item in value]
    return value
