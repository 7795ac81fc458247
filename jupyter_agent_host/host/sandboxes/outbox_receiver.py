"""Durable items on their way from one sandbox into the journal: bounded by bytes, drained in batches."""

from __future__ import annotations

from collections import deque

import anyio

from jupyter_agent_host.protocol.control import Outbox

_MAX_BYTES = 8 * 1024 * 1024
_MAX_BATCH = 500


class OutboxReceiver:
    """One reader, one writer. A full inbox makes the writer wait, so a flood from a sandbox ends in its own socket."""

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self._items: deque[tuple[Outbox, int]] = deque()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._changed = anyio.Condition()
        self._closed = False

    async def put(self, item: Outbox, size: int) -> None:
        """Add one item of `size` encoded bytes; waits while others fill the limit."""
        async with self._changed:
            while self._items and self._bytes + size > self._max_bytes:
                await self._changed.wait()
            self._items.append((item, size))
            self._bytes += size
            self._changed.notify_all()

    async def take(self) -> list[Outbox]:
        """All that is there (at most 500 items), waiting for at least one. [] once closed and empty."""
        async with self._changed:
            while not self._items and not self._closed:
                await self._changed.wait()
            batch: list[Outbox] = []
            while self._items and len(batch) < _MAX_BATCH:
                item, size = self._items.popleft()
                self._bytes -= size
                batch.append(item)
            self._changed.notify_all()
            return batch

    async def close(self) -> None:
        """No more items will come; what is there can still be taken."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()
