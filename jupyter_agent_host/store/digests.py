"""Digests that journal and envelope share, so that the two can be compared.

All are SHA-256 cut to 128 bits, base64url without padding: 22 characters.
"""

from __future__ import annotations

import base64
import hashlib


def digest(*parts: bytes) -> str:
    """Digest of a sequence of byte strings; their borders count."""
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return base64.urlsafe_b64encode(state.digest()[:16]).rstrip(b"=").decode()


def prompt_digest(prompt: str) -> str:
    """Digest of a prompt as sent (placeholders filled in)."""
    return digest(prompt.encode("utf-8", "surrogatepass"))


def chain_digest(previous: str, turn_id: str, prompt: str) -> str:
    """Names a turn together with all turns before it.

    Args:
        previous: the chain digest of the turn before, "" for the first.
        turn_id: the turn's id, unique by itself.
        prompt: the turn's prompt digest.
    """
    return digest(previous.encode(), turn_id.encode(), prompt.encode())
