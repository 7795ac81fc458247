"""The shape of `metadata.agent_host`, version 1; `docs/generate_envelope_schema.py` makes the published schema of it.

There are no fractions outside the compressed chunks: a signed number must come back from every editor as it was.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

SCHEMA = 1
SaveState = Literal["full", "no_tool_output", "pointer", "off"]

_UUID = r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"
Uuid = Annotated[str, msgspec.Meta(pattern=_UUID)]
OptionalUuid = Annotated[str, msgspec.Meta(pattern=f"{_UUID}|^$")]
TurnId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{22}$", description="SHA-256, 128 bits, base64url")]
OptionalDigest = Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9_-]{22})?$")]
Name = Annotated[str, msgspec.Meta(max_length=200)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Line = Annotated[str, msgspec.Meta(extra_json_schema={"contentEncoding": "base64"})]


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the notebook's agent has used so far."""

    micro_usd: Count = 0
    input_tokens: Count = 0
    output_tokens: Count = 0
    cache_read_input_tokens: Count = 0
    cache_creation_input_tokens: Count = 0


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """Turns before the first chunk, left out to keep the notebook small: how many, and the last one's chain digest."""

    turns: Count = 0
    chain: OptionalDigest = ""


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """One turn. `chain` names it and all turns before it; `digest` covers the chunk before, `turn`, `chain`, `data`.

    `data` is zlib-compressed, with the tail of the earlier chunks' content as dictionary; absent in a pointer.
    """

    turn: TurnId
    chain: Digest
    digest: Digest
    data: tuple[Line, ...] = ()


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Over the canonical JSON of everything but `signatures`."""

    key_id: Name
    alg: Name
    value: Name


class EnvelopeModel(msgspec.Struct, frozen=True, kw_only=True):
    """A notebook's saved agent session. Readers ignore names that they do not know."""

    schema: Literal[1]
    notebook_id: Uuid
    session_id: Uuid
    parent_session_id: OptionalUuid = ""
    sdk_version: Name = ""
    cli_version: Name = ""
    model: Name = ""
    pattern: Name = ""
    save_state: Literal["full", "no_tool_output", "pointer"]
    cost: Cost = Cost()
    base: Base = Base()
    chunks: tuple[Chunk, ...] = ()
    head: OptionalDigest = ""
    signatures: tuple[Signature, ...] = ()
