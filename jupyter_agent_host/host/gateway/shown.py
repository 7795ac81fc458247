"""What a hostile peer sent, made safe to show."""

from __future__ import annotations


def shown(data: bytes) -> str:
    """Bytes from a hostile peer as something that a log and a journal can hold."""
    return data[:200].decode("ascii", "backslashreplace").encode("unicode_escape").decode("ascii")
