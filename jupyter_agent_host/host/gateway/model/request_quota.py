"""How much one notebook may ask at once and per minute. Anything in a sandbox can call the loopback, so this holds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio

from jupyter_agent_host.host.gateway.gateway_limits import GatewayLimits
from jupyter_agent_host.host.gateway.gateway_refusal import Refusal

_OTHER_REQUESTS_FACTOR = 5
"""Token counts and refused requests cost nothing: so many times more of them are borne with."""


class RequestQuota:
    """The counters of one notebook; shared by all of its connections."""

    def __init__(self, bounds: GatewayLimits, *, max_in_flight: int, max_requests_per_minute: int) -> None:
        self._bounds = bounds
        self._places = anyio.Semaphore(max_in_flight)
        self._waiting = 0
        self._per_minute = max_requests_per_minute
        self._messages: deque[float] = deque()
        self._others: deque[float] = deque()
        self._held_bytes = 0
        self.connections = 0

    @property
    def idle(self) -> bool:
        """Nothing is open and nothing is remembered: it may be forgotten."""
        self._forget_old(time.monotonic())
        return not (self.connections or self._messages or self._others)

    def count(self, *, is_message: bool) -> None:
        """Count one request of the running minute.

        Raises:
            Refusal: there were too many.
        """
        now = time.monotonic()
        self._forget_old(now)
        times = self._messages if is_message else self._others
        most = self._per_minute if is_message else self._per_minute * _OTHER_REQUESTS_FACTOR
        if len(times) >= most:
            wait = max(1.0, times[0] + self._bounds.rate_window_seconds - now)
            raise Refusal(
                "rate",
                f"This notebook asked the model more than {self._per_minute} times in a minute; wait a moment.",
                status=429,
                kind="rate_limit_error",
                retry_after=wait,
            )
        times.append(now)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place among the requests in flight; waits for one.

        Raises:
            Refusal: too many wait already.
        """
        if self._waiting >= self._bounds.waiting:
            raise Refusal(
                "in_flight",
                "Too many requests of this notebook wait for the model at once; wait a moment.",
                status=429,
                kind="rate_limit_error",
                retry_after=5,
            )
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Account for a body in memory.

        Raises:
            Refusal: the notebook's requests together are too large.
        """
        if self._held_bytes + size > self._bounds.held_bytes:
            raise Refusal(
                "held_bytes",
                "This notebook's requests to the model are too large together; wait a moment.",
                status=429,
                kind="rate_limit_error",
                retry_after=5,
            )
        self._held_bytes += size
        try:
            yield
        finally:
            self._held_bytes -= size

    def _forget_old(self, now: float) -> None:
        for times in (self._messages, self._others):
            while times and times[0] <= now - self._bounds.rate_window_seconds:
                times.popleft()
