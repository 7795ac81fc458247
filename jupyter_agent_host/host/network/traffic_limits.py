"""How much one notebook moves: connections at once, connections a minute, bytes a day."""

from __future__ import annotations

import time
from collections import deque

from jupyter_agent_host.host.gateway.egress import EgressRefusal
from jupyter_agent_host.host.settings import NetworkSettings

TOO_MANY = "max_network_connections"
"""The rule that bounds connections."""

_TOO_MANY = 429
_PER_MINUTE = 3000
_DAY_SECONDS, _MINUTE_SECONDS = 86_400, 60.0


class Amounts:
    """The counters of one notebook."""

    def __init__(self, settings: NetworkSettings) -> None:
        self._settings = settings
        self._open = 0
        self._begun: deque[float] = deque()
        self._day = 0
        self._bytes = 0
        self._told = -_MINUTE_SECONDS

    @property
    def bytes_today(self) -> int:
        return self._bytes if self._day == _today() else 0

    def open_one(self) -> None:
        """One more connection.

        Raises:
            EgressRefusal: there are too many, or the day's bytes are used up.
        """
        now = time.monotonic()
        while self._begun and self._begun[0] <= now - _MINUTE_SECONDS:
            self._begun.popleft()
        if self._open >= self._settings.max_connections or len(self._begun) >= _PER_MINUTE:
            raise EgressRefusal(
                TOO_MANY,
                f"This notebook has too many network connections (at most {self._settings.max_connections} at once,"
                f" {_PER_MINUTE} a minute); wait a moment.",
                status=_TOO_MANY,
                retry_after=5,
            )
        self.count(0)
        self._begun.append(now)
        self._open += 1

    def may_tell(self) -> bool:
        """Whether it is time again to write down that there are too many: once a minute."""
        now = time.monotonic()
        if now - self._told < _MINUTE_SECONDS:
            return False
        self._told = now
        return True

    def close_one(self) -> None:
        self._open -= 1

    def count(self, size: int) -> None:
        """Bytes in either direction.

        Raises:
            EgressRefusal: that was more than a day's.
        """
        if self._day != _today():
            self._day, self._bytes = _today(), 0
        self._bytes += size
        if self._bytes > self._settings.max_bytes_per_day:
            raise EgressRefusal(
                "max_network_bytes",
                f"This notebook has moved more than {self._settings.max_bytes_per_day} bytes over the network today,"
                " which is the server's limit.",
                status=_TOO_MANY,
            )


def _today() -> int:
    return int(time.time() // _DAY_SECONDS)
