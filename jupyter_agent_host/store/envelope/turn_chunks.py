"""One turn as a chunk of a saved session: JSON lines, compressed against the turns before, in base64.

The first line is the turn's summary. Each further line is a transcript entry (an object), or a text that names the
transcript (its subpath) of the entries below it; they begin in the main one.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from jupyter_agent_host.store.envelope.turn_summary import TurnSummary, bounded
from jupyter_agent_host.store.transcript_entry import read_head, read_object, write_object

WINDOW_BYTES = 32 * 1024
"""What deflate can look back on; the tail of the earlier turns serves the next one as dictionary."""

LINE_CHARS = 512
"""Base64 in lines that a diff can show."""

_BEST, _FAST = 9, 5
_LARGE_BYTES = 1024 * 1024
_SUBPATH = re.compile(r"(?!.*\.\.)[A-Za-z0-9._-][A-Za-z0-9._/-]{0,199}")
_summaries = msgspec.json.Decoder(TurnSummary)


class ChunkError(ValueError):
    """A chunk cannot be read; the message is part of a sentence."""


@dataclass(frozen=True)
class TurnChunkSource:
    """One turn on its way into a notebook.

    Attributes:
        summary: for the history.
        chain: the turn's chain digest, as the journal has it.
        entries: (subpath, entry as JSON) that the turn added to the session's transcripts, in order.
    """

    summary: TurnSummary
    chain: str
    entries: tuple[tuple[str, bytes], ...] = ()


def encode(source: TurnChunkSource) -> bytes:
    """The chunk's content. Entries that are no JSON objects are left out: no agent could read them either."""
    lines = [msgspec.json.encode(bounded(source.summary))]
    current = ""
    for subpath, entry in source.entries:
        line = _one_line(entry)
        if line is None or (subpath and not _SUBPATH.fullmatch(subpath)):
            continue
        if subpath != current:
            current = subpath
            lines.append(msgspec.json.encode(subpath))
        lines.append(line)
    return b"\n".join(lines)


def decode(content: bytes, max_lines: int) -> tuple[TurnSummary, tuple[tuple[str, bytes], ...]]:
    """The inverse of `encode`, for content that anybody may have written.

    Raises:
        ChunkError: it is not of this form, or has more lines after the first one than `max_lines`.
    """
    if content.count(b"\n") > max_lines:
        raise ChunkError("holds more entries than are allowed")
    first, *lines = content.split(b"\n")
    try:
        content.decode()
        summary = _summaries.decode(first)
        if summary != bounded(summary):
            raise ChunkError("holds a summary that is too long")
        return summary, tuple(_entries(lines))
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as err:
        raise ChunkError("is not made of turns") from err


def pack(content: bytes, window: bytes) -> list[str]:
    """Compress against `window` (see `slide`) and write as lines of base64."""
    level = _FAST if len(content) > _LARGE_BYTES else _BEST
    packer = zlib.compressobj(level, zdict=window) if window else zlib.compressobj(level)
    text = base64.b64encode(packer.compress(content) + packer.flush()).decode()
    return [text[start : start + LINE_CHARS] for start in range(0, len(text), LINE_CHARS)]


def unpack(lines: Sequence[str], window: bytes, max_bytes: int) -> bytes:
    """The inverse of `pack`; never makes more than `max_bytes`.

    Raises:
        ChunkError: it is damaged, or larger.
    """
    unpacker = zlib.decompressobj(zdict=window) if window else zlib.decompressobj()
    try:
        content = unpacker.decompress(base64.b64decode("".join(lines), validate=True), max_bytes + 1)
    except (binascii.Error, zlib.error, ValueError) as err:
        raise ChunkError("is damaged") from err
    if len(content) > max_bytes:
        raise ChunkError("unpacks to more than is allowed")
    if not unpacker.eof or unpacker.unused_data:
        raise ChunkError("is damaged")
    return content


def slide(window: bytes, content: bytes) -> bytes:
    """The dictionary for the next chunk, from this chunk's own and its content."""
    return (window + content)[-WINDOW_BYTES:]


def _one_line(entry: bytes) -> bytes | None:
    if read_head(entry) is None:
        return None
    return write_object(read_object(entry)) if b"\n" in entry else entry


def _entries(lines: Iterable[bytes]) -> Iterable[tuple[str, bytes]]:
    subpath = ""
    for line in lines:
        if line.startswith(b'"'):
            subpath = msgspec.json.decode(line, type=str)
            if subpath and not _SUBPATH.fullmatch(subpath):
                raise ChunkError("names a transcript that cannot be")
        else:
            if read_head(line) is None:
                raise ChunkError("holds an entry that is no object")
            yield subpath, line
