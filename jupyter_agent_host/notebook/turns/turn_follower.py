"""One turn from its prompt to its end, shown while it runs, with interrupts and questions on the way.

The talking is done in a thread of its own and arrives through a queue, so that the cell's thread is free to notice an
interrupt within a tenth of a second, whatever the server does. A first interrupt stops the agent and waits for its
end; a second one leaves at once.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from jupyter_agent_host.client.agent_client import AgentClient
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.notebook.turns.interrupts import Interrupts
from jupyter_agent_host.notebook.turns.kernel_work import Errands
from jupyter_agent_host.notebook.turns.turn_display import TurnOutput
from jupyter_agent_host.notebook.turns.turn_stream import End, Item, Nudge, Talk
from jupyter_agent_host.protocol.events import EventRecord, PermissionAsked
from jupyter_agent_host.protocol.host_api import (
    AnswerRequest,
    NotebookInfo,
    PromptAccepted,
    PromptRequest,
    Simple,
)
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.turn_view import NoticePart, ToolPart, TurnView, reduce

_TICK_SECONDS = 0.1
_MAX_BATCH = 200


class Asker(Protocol):
    """Puts a question of the agent's to the person at this cell."""

    def __call__(self, asked: PermissionAsked) -> AnswerRequest:
        """The answer.

        Raises:
            KeyboardInterrupt: the person interrupts the turn instead.
        """


@dataclass(frozen=True)
class Outcome:
    """What became of a turn.

    `failure` is set when it could not be started or followed to its end; `interrupts` counts the person's interrupts.
    """

    view: TurnView
    events: tuple[EventRecord, ...]
    info: NotebookInfo | None = None
    failure: AgentHostError | None = None
    answered: bool = False
    interrupts: int = 0
    accepted: PromptAccepted | None = None


class TurnFollower:
    """Runs one turn for one cell. Used once, in the thread that runs the cell."""

    def __init__(
        self,
        client: AgentClient,
        request: PromptRequest,
        output: TurnOutput,
        *,
        asker: Asker | None = None,
        errands: Errands | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._talk = Talk(client, request)
        self._output = output
        self._asker = asker
        self._errands = errands
        if errands is not None:
            errands.on_arrival = lambda: self._talk.items.put(Nudge())
        self._clock = clock
        self._started = clock()
        self._outcome = Outcome(view=TurnView(prompt=request.prompt), events=())
        self._events: list[EventRecord] = []
        self._asked: set[str] = set()
        self._stop_sent = False
        self._ended = False

    def run(self) -> Outcome:
        """Follow the turn to its end, to a failure, or to a second interrupt. Raises nothing of the agent's."""
        thread = threading.Thread(target=self._talk.run, name="agent-turn", daemon=True)
        with Interrupts() as interrupts:
            thread.start()
            while not self._ended:
                self._take()
                self._notice_interrupts(interrupts)
                if interrupts.count > 1:
                    break
                if self._errands is not None:
                    self._errands.do_next(interrupts)
                self._ask(interrupts)
                self._output.show(self._outcome.view, self._status(interrupts.count))
        if self._errands is not None:
            self._errands.leave()
        self._talk.leave()
        thread.join(_TICK_SECONDS)
        return replace(self._outcome, events=tuple(self._events), interrupts=interrupts.count)

    def _take(self) -> None:
        """Take what has arrived; wait a moment for the first."""
        try:
            self._item(self._talk.items.get(timeout=_TICK_SECONDS))
            for _ in range(_MAX_BATCH):
                self._item(self._talk.items.get_nowait())
        except queue.Empty:
            return

    def _item(self, item: Item) -> None:
        if isinstance(item, EventRecord):
            self._events.append(item)
            self._outcome = replace(self._outcome, view=reduce(self._outcome.view, item))
        elif isinstance(item, PromptAccepted):
            view = replace(
                self._outcome.view,
                turn_id=item.turn_id,
                notebook_id=item.notebook_id,
                session_id=item.session_id,
                last_event=item.after,
            )
            self._outcome = replace(self._outcome, view=view, accepted=item, answered=item.answered)
            if self._errands is not None and not item.answered:
                self._errands.start(item.turn_id)
        elif isinstance(item, NotebookInfo):
            self._outcome = replace(self._outcome, info=item)
        elif isinstance(item, str):
            self._add_note(item)
        elif isinstance(item, End):
            self._ended = True
        elif isinstance(item, Nudge):
            return
        else:
            self._fail(item)

    def _fail(self, error: Exception) -> None:
        self._ended = True
        if not isinstance(error, AgentHostError):
            raise error
        # A turn that was seen to its end is complete, even if the question about the sandbox afterwards failed.
        if self._outcome.view.ended is None:
            self._outcome = replace(self._outcome, failure=error)

    def _notice_interrupts(self, interrupts: Interrupts) -> None:
        if interrupts.count and self._outcome.accepted is not None and not self._stop_sent and not self._ended:
            self._stop_sent = True
            self._talk.aside("interrupt", Simple(path=self._talk.request.path))

    def _ask(self, interrupts: Interrupts) -> None:
        if self._outcome.accepted is not None and self._outcome.accepted.asks_in_page:
            return
        for asked in self._outcome.view.pending:
            if self._asker is None or asked.request_id in self._asked or interrupts.count:
                continue
            self._asked.add(asked.request_id)
            try:
                with interrupts.raised():
                    answer = self._asker(asked)
            except KeyboardInterrupt:
                interrupts.add()
                return
            self._talk.aside("answer", replace_path(answer, self._talk.request.path))

    def _add_note(self, text: str) -> None:
        note = NoticePart(level="warning", code="client", text=text)
        view = self._outcome.view
        self._outcome = replace(self._outcome, view=replace(view, parts=(*view.parts, note)))

    def _status(self, interrupts: int) -> str:
        view = self._outcome.view
        seconds = turn_description.duration_words(self._clock() - self._started)
        stream = self._talk.stream
        if stream is not None and not stream.connected:
            return f"{seconds} · the Jupyter server cannot be reached; trying again (interrupt twice to leave)"
        if interrupts:
            return f"{seconds} · stopping (interrupt again to leave at once)"
        return f"{seconds} · {_doing(view)}"


def _doing(view: TurnView) -> str:
    """What the agent is at, in a phrase."""
    if view.pending:
        return "waits for an answer"
    if view.sandbox is not None and view.sandbox.state == "starting":
        return f"starting a sandbox {view.sandbox.detail}".rstrip()
    last = view.parts[-1] if view.parts else None
    if isinstance(last, ToolPart) and last.result is None:
        return turn_description.headline(last)
    if view.thinking:
        return "thinking"
    return "working" if view.last_event else "waiting for its turn"


def replace_path(answer: AnswerRequest, path: str) -> AnswerRequest:
    """The same answer for the notebook at `path`."""
    return AnswerRequest(
        request_id=answer.request_id,
        decision=answer.decision,
        message=answer.message,
        updated_input=answer.updated_input,
        path=path,
    )
