"""What one session tells people: every event goes into the outbox, under the turn that runs."""

from __future__ import annotations

from jupyter_agent_host.protocol.control import TurnEvent
from jupyter_agent_host.protocol.events import AnyEvent, TurnEnded
from jupyter_agent_host.runner.connection.outbox import Outbox
from jupyter_agent_host.runner.session.prompt_queue import QueuedPrompt


class EventEmitter:
    """`turn` is the turn that the agent works on, None outside any."""

    def __init__(self, session_id: str, outbox: Outbox) -> None:
        self._session_id = session_id
        self._outbox = outbox
        self.turn: QueuedPrompt | None = None

    @property
    def turn_id(self) -> str:
        """The running turn's id, "" outside any."""
        return self.turn.turn_id if self.turn is not None else ""

    def emit(self, event: AnyEvent) -> None:
        """One event of what happens now. Nothing follows the end of a turn: late words are dropped."""
        if self.turn is None or not self.turn.ended:
            self.say(self.turn_id, event)

    def end(self, turn: QueuedPrompt, ended: TurnEnded) -> None:
        """The turn's last event. Nothing the second time."""
        if not turn.ended:
            turn.ended = True
            self.say(turn.turn_id, ended)

    def say(self, turn_id: str, event: AnyEvent) -> None:
        """One event of any turn."""
        self._outbox.put(TurnEvent(session_id=self._session_id, turn_id=turn_id, event=event))
