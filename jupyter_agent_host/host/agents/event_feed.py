"""One notebook's events for its watchers: from memory while they keep up, from the journal when they come late.

Only journalled records are published, so a watcher never sees what a crash could take back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

import anyio

from jupyter_agent_host.protocol.events import EventRecord, TurnEnded

_RING = 2000
_PAGE = 1000


class EventSource(Protocol):
    """What the feed needs of the journal."""

    async def events(
        self, notebook_id: str, *, after: int = 0, turn_id: str = "", limit: int = 1000
    ) -> list[EventRecord]:
        """Records with a number greater than `after`, in order."""


class EventFeed:
    """Publish once, follow many times; a slow follower reads the journal and holds nobody up.

    `watch` is called with every batch of journalled records; it must not raise.
    """

    def __init__(
        self,
        notebook_id: str,
        source: EventSource,
        last_number: int,
        watch: Callable[[Sequence[EventRecord]], None] = lambda _records: None,
    ) -> None:
        self._notebook_id = notebook_id
        self._source = source
        self._watch = watch
        self._ring: deque[EventRecord] = deque(maxlen=_RING)
        self._changed = anyio.Event()
        self.last_number = last_number

    def publish(self, records: Sequence[EventRecord]) -> None:
        """Show journalled records to everybody who follows.

        Two tasks may write one after the other and come here the other way round. The journal has both in order, so
        followers read them there.
        """
        if not records:
            return
        self._watch(records)
        if records[0].number != self.last_number + 1:
            self._ring.clear()
        if records[-1].number > self.last_number:
            self._ring.extend(records)
            self.last_number = records[-1].number
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    async def follow(self, after: int, turn_id: str = "") -> AsyncIterator[EventRecord]:
        """Records numbered above `after`, first old ones, then new ones as they come.

        With `turn_id`: that turn's alone, ending with its `TurnEnded`. Without: for ever, until cancelled.
        """
        while True:
            changed = self._changed
            records = await self._next(after, turn_id)
            for record in records:
                after = record.number
                if turn_id and record.turn_id != turn_id:
                    continue
                yield record
                if turn_id and isinstance(record.event, TurnEnded):
                    return
            if not records:
                await changed.wait()

    async def _next(self, after: int, turn_id: str) -> list[EventRecord]:
        if after >= self.last_number:
            return []
        if self._ring and self._ring[0].number <= after + 1:
            return [record for record in self._ring if record.number > after]
        return await self._source.events(self._notebook_id, after=after, turn_id=turn_id, limit=_PAGE)
