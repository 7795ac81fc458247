"""Signatures of saved sessions: HMAC-SHA256 over canonical JSON, with a key derived for this purpose alone.

`nbformat`'s own signature has no delimiters between values, so unlike content can sign alike; it is not used.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Trust = Literal["own", "foreign", "unsigned", "corrupt"]
"""`own`: signed by a key we hold. `foreign`: by another. `corrupt`: says that it is ours, but the value is wrong."""

ALGORITHM = "HMAC-SHA256"
LABEL = b"agent_host/envelope/1"


@dataclass(frozen=True)
class SigningKey:
    """A secret that envelopes are signed with. `key_id` is public."""

    key_id: str
    secret: bytes = field(repr=False)


def derive_key(secret: bytes) -> SigningKey:
    """The envelope key that belongs to a server's secret (HKDF-SHA256, RFC 5869, no salt); always the same one."""
    subkey = hkdf_sha256(secret, LABEL)
    return SigningKey(key_id=hashlib.sha256(LABEL + b"/key_id" + subkey).hexdigest()[:16], secret=subkey)


def hkdf_sha256(secret: bytes, info: bytes, salt: bytes = b"") -> bytes:
    """32 bytes of RFC 5869's extract-and-expand; one round of expanding gives that many."""
    pseudo_random = hmac.digest(salt or bytes(32), secret, "sha256")
    return hmac.digest(pseudo_random, info + b"\x01", "sha256")


def canonical(value: object) -> bytes:
    """JSON with sorted keys and without spaces, as UTF-8.

    Whole numbers are the same whether they came back as 4 or 4.0, since notebooks pass through JavaScript.

    Raises:
        ValueError: it holds a fraction, or what is not JSON.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(envelope: Mapping[str, Any], keys: Sequence[SigningKey]) -> list[dict[str, str]]:
    """Signatures of everything in the envelope but `signatures`: by the first key; none without keys."""
    return [{"key_id": key.key_id, "alg": ALGORITHM, "value": _value(envelope, key)} for key in keys[:1]]


def check(envelope: Mapping[str, Any], keys: Sequence[SigningKey]) -> Trust:
    """What the signatures of an envelope of the right shape are worth to the holder of `keys`."""
    by_id = {key.key_id: key for key in keys}
    signatures = [entry for entry in envelope.get("signatures", ()) if entry["alg"] == ALGORITHM]
    own = [entry for entry in signatures if entry["key_id"] in by_id]
    if not own:
        return "foreign" if signatures else "unsigned"
    right = [hmac.compare_digest(_value(envelope, by_id[entry["key_id"]]).encode(), _bytes(entry)) for entry in own]
    return "own" if all(right) else "corrupt"


def _value(envelope: Mapping[str, Any], key: SigningKey) -> str:
    body = {name: part for name, part in envelope.items() if name != "signatures"}
    return base64.b64encode(hmac.digest(key.secret, canonical(body), "sha256")).decode()


def _bytes(entry: Mapping[str, str]) -> bytes:
    return entry["value"].encode("utf-8", "replace")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise ValueError("A signed object may have names of text only.")
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError("A signed value may not be a fraction: its text is not the same everywhere.")
        return int(value)
    if value is None or isinstance(value, (str, int)):
        return value
    raise ValueError(f"A signed value may not be a {type(value).__name__}.")
