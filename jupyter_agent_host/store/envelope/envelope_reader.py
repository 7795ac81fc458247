"""A saved session in a notebook's metadata: reading and judging it. Pure functions.

`metadata.agent_host` is untrusted input. What is read from it is a conversation and some names to show; never a
permission mode, a grant, a provider, an image, a mount, a rule or a URL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from jupyter_agent_host.errors import EnvelopeCorruptError
from jupyter_agent_host.store.digests import digest
from jupyter_agent_host.store.envelope import signatures, turn_chunks
from jupyter_agent_host.store.envelope.bounded_json import NotPlainError, PlainLimits, plain_copy
from jupyter_agent_host.store.envelope.envelope_model import SCHEMA, Base, Chunk, Cost, EnvelopeModel
from jupyter_agent_host.store.envelope.signatures import SigningKey, Trust
from jupyter_agent_host.store.envelope.turn_summary import TurnSummary

MIB = 1024 * 1024

Comparison = Literal["same", "older", "newer", "diverged", "unknown"]
"""A notebook's turns seen from the journal's. `unknown`: the journal has none."""


@dataclass(frozen=True)
class ReadLimits:
    """What a notebook may make us do: bytes of metadata read, bytes and lines of transcript unpacked from them."""

    max_bytes: int = 16 * MIB
    max_unpacked_bytes: int = 64 * MIB
    max_lines: int = 200_000


@dataclass(frozen=True)
class EnvelopeMeta:
    """The names and sums of a saved session."""

    notebook_id: str
    session_id: str
    parent_session_id: str = ""
    sdk_version: str = ""
    cli_version: str = ""
    model: str = ""
    pattern: str = "hybrid"
    cost: Cost = field(default_factory=Cost)


@dataclass(frozen=True)
class EnvelopeTurn:
    """One saved turn. Without `summary` the notebook only points to it."""

    chain: str
    summary: TurnSummary | None
    entries: tuple[tuple[str, bytes], ...] = field(repr=False)


@dataclass(frozen=True)
class Envelope:
    """A saved session whose shape, sizes and digests hold. Whether to believe it, `verify` says.

    Attributes:
        base: the turns that were left out before the first one.
        raw: a plain copy of the whole metadata value, as it is signed.
        window: what the next chunk is compressed against.
        unpacked_bytes, lines: of all its chunks together.
    """

    meta: EnvelopeMeta
    save_state: str
    base: Base
    turns: tuple[EnvelopeTurn, ...]
    raw: Mapping[str, Any] = field(repr=False)
    window: bytes = field(repr=False)
    unpacked_bytes: int = 0
    lines: int = 0

    @property
    def chain(self) -> tuple[str, ...]:
        """Chain digests, oldest first; a turn that was left out before the others counts."""
        return (*((self.base.chain,) if self.base.chain else ()), *(turn.chain for turn in self.turns))


def read_envelope(data: object, *, limits: ReadLimits = ReadLimits()) -> Envelope:
    """Read `metadata.agent_host` of a notebook that anybody may have written. Bounded in time and memory.

    Raises:
        EnvelopeCorruptError: it has another shape, is too large, or its digests do not hold. The message says which.
    """
    try:
        plain = _plain_object(data, limits)
        _check_version(plain)
        model = msgspec.convert(plain, EnvelopeModel)
    except NotPlainError as err:
        raise EnvelopeCorruptError(f"The session saved in this notebook cannot be read: {err}.") from err
    except msgspec.ValidationError as err:
        raise EnvelopeCorruptError(f"The session saved in this notebook is malformed: {err}.") from err
    unpacked = _unpack(model, limits)
    names = {name: getattr(model, name) for name in EnvelopeMeta.__dataclass_fields__}
    return Envelope(
        meta=EnvelopeMeta(**names),
        save_state=model.save_state,
        base=model.base,
        turns=tuple(unpacked.turns),
        raw=plain,
        window=unpacked.window,
        unpacked_bytes=unpacked.size_bytes,
        lines=unpacked.lines,
    )


def verify(envelope: Envelope, keys: Sequence[SigningKey]) -> Trust:
    """Who signed it: `own`, `foreign`, `unsigned`, or `corrupt` (one of our keys, but another value)."""
    try:
        return signatures.check(envelope.raw, keys)
    except ValueError:
        # It holds what no signer of ours writes, such as a fraction.
        return "corrupt" if envelope.raw.get("signatures") else "unsigned"


def transcript_of(envelope: Envelope) -> list[tuple[str, bytes]]:
    """(subpath, entry as JSON) of the whole session, the main transcript ("") first; empty for a pointer."""
    entries = [entry for turn in envelope.turns for entry in turn.entries]
    return sorted(entries, key=lambda entry: entry[0])


def history_of(envelope: Envelope) -> list[TurnSummary]:
    """The saved turns, oldest first; empty for a pointer."""
    return [turn.summary for turn in envelope.turns if turn.summary is not None]


def compare(envelope: Envelope, journal_chain_digests: Sequence[str]) -> Comparison:
    """How the notebook's conversation stands to the journal's (`chain_digest` of `Journal.lineage`, oldest first).

    `older`: the journal went on from it. `newer`: it went on from the journal. `diverged`: both went on.
    """
    saved = envelope.chain
    if not journal_chain_digests:
        return "unknown"
    if not saved:
        return "older"
    if saved[-1] == journal_chain_digests[-1]:
        return "same"
    if saved[-1] in journal_chain_digests:
        return "older"
    return "newer" if journal_chain_digests[-1] in saved else "diverged"


def chunk_digest(previous: str, chunk: Chunk) -> str:
    """What `Chunk.digest` must be, given the digest of the chunk before ("" for the first)."""
    return digest(previous.encode(), chunk.turn.encode(), chunk.chain.encode(), "".join(chunk.data).encode())


def _plain_object(data: object, limits: ReadLimits) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise NotPlainError("it is no object")
    plain = plain_copy(data, PlainLimits(max_bytes=limits.max_bytes))
    return plain if isinstance(plain, dict) else {}


def _check_version(plain: Mapping[str, Any]) -> None:
    schema = plain.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise EnvelopeCorruptError(
            f"The session in this notebook was saved by a newer version of jupyter-agent-host (format {schema}; this "
            f"one knows {SCHEMA}): upgrade to go on with it."
        )


@dataclass
class _Unpacked:
    turns: list[EnvelopeTurn] = field(default_factory=list)
    window: bytes = b""
    size_bytes: int = 0
    lines: int = 0

    def add(self, chunk: Chunk, limits: ReadLimits) -> None:
        content = turn_chunks.unpack(chunk.data, self.window, limits.max_unpacked_bytes - self.size_bytes)
        summary, entries = turn_chunks.decode(content, limits.max_lines - self.lines)
        if summary.turn_id != chunk.turn:
            raise turn_chunks.ChunkError("belongs to another turn")
        self.turns.append(EnvelopeTurn(chain=chunk.chain, summary=summary, entries=entries))
        self.window = turn_chunks.slide(self.window, content)
        self.size_bytes += len(content)
        self.lines += content.count(b"\n")


def _unpack(model: EnvelopeModel, limits: ReadLimits) -> _Unpacked:
    unpacked, previous = _Unpacked(), ""
    for number, chunk in enumerate(model.chunks, start=1 + model.base.turns):
        if chunk.digest != chunk_digest(previous, chunk):
            raise EnvelopeCorruptError(f"The session saved in this notebook is damaged: turn {number} was altered.")
        previous = chunk.digest
        if not chunk.data:
            unpacked.turns.append(EnvelopeTurn(chain=chunk.chain, summary=None, entries=()))
            continue
        try:
            unpacked.add(chunk, limits)
        except turn_chunks.ChunkError as err:
            raise EnvelopeCorruptError(f"The session saved in this notebook is damaged: turn {number} {err}.") from err
    if model.head != previous:
        raise EnvelopeCorruptError("The session saved in this notebook is damaged: its last turns are missing.")
    return unpacked
