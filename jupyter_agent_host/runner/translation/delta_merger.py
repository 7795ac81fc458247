"""Text deltas, merged: at most 50 a second of one message, the first one at once."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from jupyter_agent_host.protocol.events import TextDelta, ThinkingDelta
from jupyter_agent_host.protocol.limits import DELTA_INTERVAL_SECONDS

Delta = TextDelta | ThinkingDelta


class DeltaMerger:
    """`add` collects, `flush` hands on what waits, `run` does so when its time has come."""

    def __init__(self, emit: Callable[[Delta], None]) -> None:
        self._emit = emit
        self._kind: type[TextDelta | ThinkingDelta] = TextDelta
        self._message_id = ""
        self._parts: list[str] = []
        self._due = 0.0
        self._waiting = anyio.Event()

    def add(self, kind: type[TextDelta | ThinkingDelta], message_id: str, text: str) -> None:
        """More text of one message. Emitted now, or merged with what follows within 20 ms."""
        if self._parts and (kind is not self._kind or message_id != self._message_id):
            self.flush()
        self._kind, self._message_id = kind, message_id
        self._parts.append(text)
        if anyio.current_time() >= self._due:
            self.flush()
        else:
            self._waiting.set()

    def flush(self) -> None:
        """Emit what waits. Call it before any other event, so that the order holds."""
        if self._parts:
            parts, self._parts = self._parts, []
            self._due = anyio.current_time() + DELTA_INTERVAL_SECONDS
            self._emit(self._kind(message_id=self._message_id, text="".join(parts)))

    def drop(self) -> None:
        """Forget what waits: its message was taken back."""
        self._parts.clear()

    async def run(self) -> None:
        """Emit merged text in time, until cancelled."""
        while True:
            await self._waiting.wait()
            self._waiting = anyio.Event()
            await self._until_due()
            self.flush()

    async def _until_due(self) -> None:
        due = 0.0
        while due != self._due:  # a flush in between moved it
            due = self._due
            await anyio.sleep_until(due)
