"""One prompt on its way through the host."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import anyio
import msgspec

from jupyter_agent_host.host.turns import prompt_attachments
from jupyter_agent_host.host.turns.suspended_turn import AnsweredQuestion
from jupyter_agent_host.host.turns.system_prompt import RESTARTED
from jupyter_agent_host.protocol.control import Prompt, SessionOptions
from jupyter_agent_host.protocol.host_api import OfferedFunction, PromptRequest


@dataclass
class QueuedTurn:
    """State of one turn, from the moment it is accepted.

    Attributes:
        session_id: the session that it belongs to.
        source: the session to fork from, when this turn opens a copy; "" otherwise.
        fork_at: the message that such a copy ends with; "" for its last.
        started: seconds since the epoch.
        ended: set once its `TurnEnded` is in the journal.
        starting: cancelled by an interrupt that comes before the prompt was sent.
        sent: whether a runner got it.
        parked: whether it waits for a person without a sandbox; `decisions` is what was decided meanwhile.
        resumption: what the agent is told instead of the prompt when a parked turn goes on.
        halted: set once somebody interrupted it.
    """

    request: PromptRequest
    session_id: str
    options: SessionOptions
    source: str = ""
    fork_at: str = ""
    actor: str = ""
    turn_id: str = field(default_factory=lambda: uuid4().hex)
    started: float = field(default_factory=time.time)
    ended: anyio.Event = field(default_factory=anyio.Event)
    starting: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    sent: bool = False
    parked: bool = False
    decisions: list[AnsweredQuestion] = field(default_factory=list)
    resumption: str = ""
    halted: anyio.Event = field(default_factory=anyio.Event)

    def frame(self, *, restarted: bool, note: str = "") -> Prompt:
        """The prompt as the runner gets it; `restarted` tells the agent that its sandbox is a new one, `note` more."""
        if self.resumption:
            return Prompt(session_id=self.session_id, turn_id=self.turn_id, content=self.resumption)
        notes = [RESTARTED] if restarted else []
        offered = functions_note(self.request.functions) if self.request.functions else ""
        content: list[Any] = [{"type": "text", "text": text} for text in (*notes, note, offered) if text]
        content += prompt_attachments.blocks(self.request.attachments)
        text = self.request.prompt
        whole = [*content, {"type": "text", "text": text}] if content else text
        return Prompt(session_id=self.session_id, turn_id=self.turn_id, content=whole)


@dataclass(frozen=True)
class RunningTurn:
    """Where a notebook stands: its running turn, if there is one. The ids are "" without."""

    running: Callable[[], QueuedTurn | None]

    @property
    def turn_id(self) -> str:
        turn = self.running()
        return "" if turn is None else turn.turn_id

    @property
    def session_id(self) -> str:
        turn = self.running()
        return "" if turn is None else turn.session_id

    @property
    def headless(self) -> bool:
        turn = self.running()
        return turn is not None and turn.request.headless


def functions_note(functions: Sequence[OfferedFunction]) -> str:
    """What the agent is told of functions that the person offers for this turn."""
    lines = ["[The person offers these functions of their notebook for this turn; call them with call_function:]"]
    for one in functions:
        schema = msgspec.json.encode(one.input_schema).decode()
        lines.append(f"- {one.name}{one.signature}\n  arguments: {schema}\n  {one.doc}".rstrip())
    return "\n".join(lines)
