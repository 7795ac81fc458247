"""What of a service's answer goes inside: its own links lead back through the gateway, its credential never appears."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jupyter_agent_host.host.gateway.gateway_limits import MIB

MAX_REWRITTEN_BYTES = 64 * MIB

_DROPPED = frozenset({"set-cookie", "www-authenticate", "alt-svc", "strict-transport-security", "content-encoding"})
_TEXT = re.compile(r"text/html|application/(json|vnd\.pypi\.simple\.v1\+(json|html)|vnd\.npm\b.*)", re.ASCII)


class Scrubber:
    """Masks secrets in a stream of bytes, keeping its length. Holds back only what could be a secret's beginning."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)
        self._held = b""

    def __call__(self, data: bytes, last: bool) -> bytes:
        data = self.whole(self._held + data)
        keep = 0 if last else self._beginning(data)
        self._held = data[len(data) - keep :]
        return data[: len(data) - keep]

    def whole(self, data: bytes) -> bytes:
        """The same for bytes that are complete."""
        for secret in self._secrets:
            data = data.replace(secret, b"*" * len(secret))
        return data

    def _beginning(self, data: bytes) -> int:
        """Length of the longest end of `data` with which some secret begins."""
        longest = max((len(secret) for secret in self._secrets), default=1) - 1
        for size in range(min(longest, len(data)), 0, -1):
            end = data[-size:]
            if any(secret.startswith(end) for secret in self._secrets):
                return size
        return 0


def is_index(content_type: str) -> bool:
    """Whether links in such an answer are to be rewritten: pages of package indexes."""
    return _TEXT.fullmatch(content_type.partition(";")[0].strip().lower()) is not None


def rewrite(page: bytes, origins: Iterable[str], inside: str) -> bytes:
    """A page whose links to the service's own origin lead through the gateway instead.

    `origins` with the longer spelling first; `inside` is what stands in their place.
    """
    for origin in origins:
        for spelled in (origin, origin.replace("/", "\\/")):
            pattern = re.compile(re.escape(spelled.encode("ascii")) + rb"(?=[/\\\"'<\s?#]|$)", re.IGNORECASE)
            page = pattern.sub(lambda _match: inside.encode("ascii"), page)
    return page


def headers(pairs: Iterable[tuple[str, str]], origins: Iterable[str], inside: str) -> list[tuple[str, str]]:
    """The headers that go inside. A redirect within the origin comes back here; others are the client's to follow."""
    kept = [(name, value) for name, value in pairs if name not in _DROPPED]
    return [(name, _location(value, origins, inside) if name == "location" else value) for name, value in kept]


def _location(value: str, origins: Iterable[str], inside: str) -> str:
    if value.startswith("/") and not value.startswith("//"):
        return f"{inside}{value}"
    return rewrite(value.encode("ascii", "replace"), origins, inside).decode("ascii")
