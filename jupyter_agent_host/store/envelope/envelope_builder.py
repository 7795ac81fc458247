"""Building the saved session of a notebook: append-only, so that one turn's diff is a few KB. Pure functions."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from jupyter_agent_host.errors import EnvelopeError
from jupyter_agent_host.store.envelope import signatures
from jupyter_agent_host.store.envelope import turn_chunks as chunks
from jupyter_agent_host.store.envelope.compaction import candidates
from jupyter_agent_host.store.envelope.envelope_model import SCHEMA, Base, Chunk, EnvelopeModel, SaveState
from jupyter_agent_host.store.envelope.envelope_reader import (
    EnvelopeMeta,
    ReadLimits,
    chunk_digest,
    read_envelope,
    verify,
)
from jupyter_agent_host.store.envelope.signatures import SigningKey
from jupyter_agent_host.store.envelope.trim_transcript import without_tool_output
from jupyter_agent_host.store.envelope.turn_chunks import TurnChunkSource

ROOM = 0.7
"""Compaction aims at this share of the limit, so that many turns are append-only again."""

_HARDLY_SMALLER = 0.97
"""A candidate of nearly the size of one that did not fit is not worth compressing."""


@dataclass(frozen=True)
class _Body:
    """Chunks as far as they are built."""

    base: Base = field(default_factory=Base)
    chunks: tuple[Chunk, ...] = ()
    window: bytes = field(default=b"", repr=False)
    unpacked_bytes: int = 0
    lines: int = 0

    @property
    def head(self) -> str:
        return self.chunks[-1].digest if self.chunks else ""


def build_envelope(
    meta: EnvelopeMeta,
    turns: Sequence[TurnChunkSource],
    *,
    previous: Mapping[str, Any] | None,
    save_state: SaveState,
    max_bytes: int,
    keys: Sequence[SigningKey],
) -> dict[str, Any]:
    """The value of `metadata.agent_host`; empty when `save_state` is `off`. Not for the event loop: it compresses.

    Args:
        meta: names and sums.
        turns: the ended turns of the conversation, oldest first; see `sources.chunk_sources`.
        previous: what the notebook holds. Its chunks are kept byte for byte where they are of the same session, turns
            and `save_state`, and signed by one of `keys` (if there are any): what a stranger wrote is never signed.
        save_state: `no_tool_output` replaces what tools answered by size and digest; `pointer` keeps digests only.
        max_bytes: of the envelope in the notebook's file. Past it, the oldest detail goes first: what lies before the
            agent's own last summary, tool results, whole transcripts of old turns, at last their history. What is
            left can always be resumed from.
        keys: the first signs.
    """
    if save_state == "off":
        return {}
    kept = _reusable(meta, turns, previous, save_state, keys)
    body = _extend(kept, turns[_count(kept) :], save_state)
    envelope = _assemble(meta, body, save_state, keys)
    if _fits(envelope, body, max_bytes):
        return envelope
    return _compact(meta, turns, save_state, max_bytes, keys)


def size_bytes(envelope: Mapping[str, Any]) -> int:
    """How much an envelope adds to a notebook's file, nearly."""
    return len(json.dumps(envelope, indent=1))


def _count(body: _Body) -> int:
    return body.base.turns + len(body.chunks)


def _reusable(
    meta: EnvelopeMeta,
    turns: Sequence[TurnChunkSource],
    previous: Mapping[str, Any] | None,
    save_state: SaveState,
    keys: Sequence[SigningKey],
) -> _Body:
    """The previous chunks, if all of them are turns of this conversation; else nothing."""
    if not previous:
        return _Body()
    try:
        envelope = read_envelope(previous)
        model = msgspec.convert(envelope.raw, EnvelopeModel)
    except EnvelopeError:
        return _Body()
    if keys and verify(envelope, keys) != "own":
        return _Body()
    first = model.base.turns
    expected = [(turn.summary.turn_id, turn.chain) for turn in turns[first : first + len(model.chunks)]]
    same = [(chunk.turn, chunk.chain) for chunk in model.chunks] == expected
    base_holds = not first or (len(turns) >= first and turns[first - 1].chain == model.base.chain)
    if not same or not base_holds or (envelope.meta.session_id, model.save_state) != (meta.session_id, save_state):
        return _Body()
    return _Body(model.base, model.chunks, envelope.window, envelope.unpacked_bytes, envelope.lines)


def _extend(body: _Body, turns: Sequence[TurnChunkSource], save_state: SaveState) -> _Body:
    made = list(body.chunks)
    head, window, unpacked, lines = body.head, body.window, body.unpacked_bytes, body.lines
    for turn in turns:
        data: tuple[str, ...] = ()
        if save_state != "pointer":
            content = chunks.encode(_private(turn) if save_state == "no_tool_output" else turn)
            data = tuple(chunks.pack(content, window))
            window, unpacked = chunks.slide(window, content), unpacked + len(content)
            lines += content.count(b"\n")
        chunk = Chunk(turn=turn.summary.turn_id, chain=turn.chain, digest="", data=data)
        head = chunk_digest(head, chunk)
        made.append(msgspec.structs.replace(chunk, digest=head))
    return _Body(body.base, tuple(made), window, unpacked, lines)


def _private(turn: TurnChunkSource) -> TurnChunkSource:
    return dataclasses.replace(turn, entries=without_tool_output(turn.entries))


def _assemble(meta: EnvelopeMeta, body: _Body, save_state: SaveState, keys: Sequence[SigningKey]) -> dict[str, Any]:
    names = {name: getattr(meta, name) for name in EnvelopeMeta.__dataclass_fields__}
    envelope = {
        "schema": SCHEMA,
        **names,
        "cost": msgspec.to_builtins(meta.cost),
        "save_state": save_state,
        "base": msgspec.to_builtins(body.base),
        "chunks": [_plain(chunk) for chunk in body.chunks],
        "head": body.head,
    }
    return {**envelope, "signatures": signatures.sign(envelope, keys)}


def _plain(chunk: Chunk) -> dict[str, Any]:
    plain: dict[str, Any] = {"turn": chunk.turn, "chain": chunk.chain, "digest": chunk.digest}
    return {**plain, "data": list(chunk.data)} if chunk.data else plain


def _fits(envelope: Mapping[str, Any], body: _Body, max_bytes: int) -> bool:
    limits = ReadLimits()
    readable = body.unpacked_bytes <= limits.max_unpacked_bytes and body.lines <= limits.max_lines
    return readable and size_bytes(envelope) <= min(max_bytes, limits.max_bytes)


def _weight(turns: Sequence[TurnChunkSource]) -> int:
    """Bytes before compression, nearly."""
    return sum(
        len(turn.summary.prompt) + len(turn.summary.text) + sum(len(entry) for _, entry in turn.entries)
        for turn in turns
    )


def _compact(
    meta: EnvelopeMeta,
    turns: Sequence[TurnChunkSource],
    save_state: SaveState,
    max_bytes: int,
    keys: Sequence[SigningKey],
) -> dict[str, Any]:
    envelope: dict[str, Any] = {}
    refused_weight = _weight(turns)
    for candidate in candidates(turns):
        weight = _weight(candidate)
        if weight > refused_weight * _HARDLY_SMALLER and any(turn.entries for turn in candidate):
            continue
        dropped = len(turns) - len(candidate)
        base = Base(turns=dropped, chain=turns[dropped - 1].chain if dropped else "")
        body = _extend(_Body(base=base), candidate, save_state)
        envelope = _assemble(meta, body, save_state, keys)
        if _fits(envelope, body, int(max_bytes * ROOM)):
            break
        refused_weight = weight
    return envelope
