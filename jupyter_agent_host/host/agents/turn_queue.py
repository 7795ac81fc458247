"""Where accepted prompts wait for the agent: `put` queues one, the driver takes the oldest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from jupyter_agent_host.host.turns.queued_turn import QueuedTurn


class TurnQueue:
    """Turns that wait, oldest first. On one event loop, like all of the agent."""

    def __init__(self) -> None:
        self._turns: deque[QueuedTurn] = deque()

    def __len__(self) -> int:
        return len(self._turns)

    def __iter__(self) -> Iterator[QueuedTurn]:
        return iter(tuple(self._turns))

    def put(self, turn: QueuedTurn) -> None:
        """Queue a turn behind all others."""
        self._turns.append(turn)

    def put_first(self, turn: QueuedTurn) -> None:
        """Queue a turn before all others: one that an earlier host had begun, or that could not be taken back."""
        self._turns.appendleft(turn)

    def take(self) -> QueuedTurn | None:
        """The oldest turn, which waits no more; None when none waits."""
        return self._turns.popleft() if self._turns else None

    def withdraw(self, turn_id: str) -> tuple[QueuedTurn, int] | None:
        """Take one turn out, unless a runner has it already; with its place, for `put_back`. None when it waits not."""
        for place, turn in enumerate(self._turns):
            if turn.turn_id == turn_id and not turn.sent:
                del self._turns[place]
                return turn, place
        return None

    def put_back(self, turn: QueuedTurn, place: int) -> None:
        """Undo `withdraw`."""
        self._turns.insert(place, turn)
