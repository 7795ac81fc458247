"""The little that is read of a transcript entry; the rest is opaque."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import msgspec


class EntryHead(msgspec.Struct, rename="camel"):
    """Names that matter to us, whatever they hold."""

    uuid: object = None
    parent_uuid: object = None
    subtype: object = None
    type: object = None


_heads = msgspec.json.Decoder(EntryHead)


def read_head(entry: bytes) -> EntryHead | None:
    """The head of an entry; None if it is no JSON object."""
    try:
        return _heads.decode(entry)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        data = read_object(entry)
    if data is None:
        return None
    return EntryHead(
        uuid=data.get("uuid"),
        parent_uuid=data.get("parentUuid"),
        subtype=data.get("subtype"),
        type=data.get("type"),
    )


def read_object(entry: bytes) -> dict[str, Any] | None:
    """The whole entry; None if it is no JSON object.

    Read with the standard library, which accepts halves of surrogate pairs: JavaScript writes them where it cuts a
    text, and stricter readers refuse them.
    """
    try:
        data = json.loads(entry, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def write_object(data: object) -> bytes:
    """The inverse of `read_object`, on one line."""
    return json.dumps(data, separators=(",", ":")).encode()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
