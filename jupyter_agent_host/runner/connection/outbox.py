"""What the host must not miss: numbered from 1, kept until acknowledged, replayed at each dial-in.

Nobody who puts something in ever waits. Past the limit only text and thinking deltas are dropped: the finished text
of the same block follows anyway.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

import anyio

from jupyter_agent_host.protocol.control import Append, TurnEvent
from jupyter_agent_host.protocol.events import TextDelta, ThinkingDelta
from jupyter_agent_host.runner.connection.outbox_encoding import encode_item

logger = logging.getLogger(__name__)


class Outbox:
    """One per runner process. `changed` is called after each item, and must not block."""

    def __init__(self, max_bytes: int, changed: Callable[[], None]) -> None:
        self._frames: deque[bytes] = deque()
        self._max_bytes = max_bytes
        self._changed = changed
        self._told = False
        self._emptied = anyio.Event()
        self.last = 0
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def first(self) -> int:
        """Number of the oldest item kept; `last + 1` when there is none."""
        return self.last - len(self._frames) + 1

    def put(self, item: Append | TurnEvent) -> None:
        """Keep one item. Returns at once, whether or not a host listens."""
        if self.size_bytes >= self._max_bytes and _is_delta(item):
            if not self._told:
                self._told = True
                logger.warning("outbox holds %d bytes: text deltas are dropped until a host reads", self.size_bytes)
            return
        frame = encode_item(self.last + 1, item)
        self.last += 1
        self._frames.append(frame)
        self.size_bytes += len(frame)
        self._changed()

    def frame(self, number: int) -> bytes | None:
        """The encoded frame of that number, or of the oldest kept one if that is younger; None past the end."""
        index = max(number - self.first, 0)
        return self._frames[index] if index < len(self._frames) else None

    def acknowledge(self, number: int) -> None:
        """Forget everything up to `number`. Numbers that were never given out count as the last one."""
        while self._frames and self.first <= number:
            self.size_bytes -= len(self._frames.popleft())
        if not self._frames:
            emptied, self._emptied = self._emptied, anyio.Event()
            emptied.set()

    async def drained(self) -> None:
        """Wait until everything is acknowledged."""
        while self._frames:
            await self._emptied.wait()


def _is_delta(item: Append | TurnEvent) -> bool:
    return isinstance(item, TurnEvent) and isinstance(item.event, (TextDelta, ThinkingDelta))
