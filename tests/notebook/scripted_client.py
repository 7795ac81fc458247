"""An agent with scripted events, for what needs a client but no host. It keeps to `AgentClient`'s contract.

Importable from a kernel too, whose PYTHONPATH holds this folder.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from jupyter_agent_host.client.agent_client import TurnItem
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.protocol.events import (
    AnyEvent,
    AssistantText,
    EventRecord,
    PermissionAsked,
    PermissionSettled,
    TextDelta,
    TurnEnded,
    TurnStarted,
    Usage,
)
from jupyter_agent_host.protocol.host_api import (
    VERBS,
    Answer,
    AnswerRequest,
    Cost,
    Done,
    EventsRequest,
    History,
    NotebookInfo,
    PromptAccepted,
    PromptRequest,
    Request,
    Simple,
)
from jupyter_agent_host.protocol.kernel_work import KERNEL_VERBS, KernelWork

Step = AnyEvent | float | Callable[["ScriptedClient"], None]
"""An event, a pause in seconds, or something to do then."""

INFO = NotebookInfo(
    notebook_id="nb-1",
    path="work/sales.ipynb",
    session_id="session-1",
    state="idle",
    provider="docker",
    isolation="Docker, no network",
    isolation_level="container",
    turns=1,
    cost_usd=0.0123,
    model="claude-sonnet-4-5",
    scripted_model=True,
)
ENDED = TurnEnded(
    status="completed",
    usage=Usage(input_tokens=1200, output_tokens=56, cache_read_input_tokens=34),
    cost_usd=0.0123,
    duration_ms=4200,
    model="claude-sonnet-4-5",
)


def words(text: str, message_id: str = "m1", size: int = 6) -> list[Step]:
    """The text as deltas and then as a finished block."""
    pieces: list[Step] = [
        TextDelta(message_id=message_id, text=text[at : at + size]) for at in range(0, len(text), size)
    ]
    return [*pieces, AssistantText(message_id=message_id, text=text)]


class ScriptedClient:
    """Plays one list of steps for each prompt. Interrupting ends a turn, unless the agent is `stubborn`."""

    def __init__(
        self,
        *turns: list[Step],
        refusal: AgentHostError | None = None,
        history: History | None = None,
        info: NotebookInfo = INFO,
        stubborn: bool = False,
    ) -> None:
        self.turns = list(turns)
        self.refusal = refusal
        self.history = history
        self.info = info
        self.stubborn = stubborn
        self.calls: list[tuple[str, Request]] = []
        self.records: list[EventRecord] = []
        self.closed = False
        self.errands: list[KernelWork] = []
        self._changed = threading.Condition()
        self._interrupted = threading.Event()

    where = "a script"

    def _errand(self) -> KernelWork:
        """The next errand of `errands`, each once; then that the turn is over."""
        return self.errands.pop(0) if self.errands else KernelWork(over=True)

    def call(self, verb: str, request: Request) -> Answer:
        assert isinstance(request, (VERBS | KERNEL_VERBS)[verb][0])
        if verb == "kernel_work":
            return self._errand()
        self.calls.append((verb, request))
        if verb == "prompt" and self.refusal is not None:
            raise self.refusal
        answers: dict[str, Callable[[Any], Answer]] = {
            "prompt": self._prompt,
            "interrupt": self._interrupt,
            "answer": self._answer,
            "kernel_work_done": lambda _: Done(),
            "open": lambda _: self.info,
            "status": lambda _: self.info,
            "history": lambda _: (
                self.history or History(notebook_id="nb-1", session_id="session-1", trust="own", turns=())
            ),
            "cost": lambda _: Cost(
                notebook_id="nb-1", cost_usd=0.5, budget_usd=2.0, usage=ENDED.usage, requests=3, refused_requests=1
            ),
        }
        return answers.get(verb, lambda _: Done(message=f"{verb} is done."))(request)

    def events(self, request: EventsRequest) -> ScriptedStream:
        return ScriptedStream(self, request)

    def turn(self, request: PromptRequest) -> ScriptedTurn:
        return ScriptedTurn(self, request)

    def close(self) -> None:
        self.closed = True

    def asked(self, verb: str) -> list[Request]:
        return [request for name, request in self.calls if name == verb]

    def emit(self, turn_id: str, event: AnyEvent) -> None:
        with self._changed:
            number = len(self.records) + 1
            self.records.append(
                EventRecord(
                    number=number,
                    notebook_id="nb-1",
                    session_id="session-1",
                    turn_id=turn_id,
                    time=time.time(),
                    event=event,
                )
            )
            self._changed.notify_all()

    def wait_for(self, count: int, stopped: threading.Event) -> EventRecord | None:
        with self._changed:
            while len(self.records) <= count and not stopped.is_set():
                self._changed.wait(0.02)
            return None if stopped.is_set() else self.records[count]

    def wait_settled(self, request_id: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._is_settled(request_id), timeout=10)

    def _is_settled(self, request_id: str) -> bool:
        return any(isinstance(r.event, PermissionSettled) and r.event.request_id == request_id for r in self.records)

    def _prompt(self, request: PromptRequest) -> PromptAccepted:
        turn_id = f"turn-{len(self.asked('prompt'))}"
        after = len(self.records)
        self._interrupted.clear()
        steps = self.turns.pop(0)
        threading.Thread(target=self._play, args=(turn_id, request, steps), daemon=True).start()
        return PromptAccepted(notebook_id="nb-1", session_id="session-1", turn_id=turn_id, after=after)

    def _play(self, turn_id: str, request: PromptRequest, steps: list[Step]) -> None:
        self.emit(turn_id, TurnStarted(prompt=request.prompt, cell_id=request.cell_id))
        for step in steps:
            if self._pause(step if isinstance(step, (int, float)) else 0.0):
                self.emit(turn_id, TurnEnded(status="interrupted", duration_ms=100))
                return
            if isinstance(step, PermissionAsked):
                self.emit(turn_id, step)
                if request.headless:
                    denied = PermissionSettled(request_id=step.request_id, decision="deny", by="headless")
                    self.emit(turn_id, denied)
                self.wait_settled(step.request_id)
            elif callable(step) and not isinstance(step, (int, float)):
                step(self)
            elif not isinstance(step, (int, float)):
                self.emit(turn_id, step)

    def _pause(self, seconds: float) -> bool:
        if self.stubborn:
            time.sleep(seconds)
            return False
        return self._interrupted.wait(seconds) if seconds else self._interrupted.is_set()

    def _interrupt(self, _request: Request) -> Done:
        self._interrupted.set()
        return Done(message="Interrupted.")

    def _answer(self, request: AnswerRequest) -> Done:
        turn_id = self.records[-1].turn_id
        self.emit(
            turn_id,
            PermissionSettled(
                request_id=request.request_id, decision=request.decision, message=request.message, by="person"
            ),
        )
        return Done()


class ScriptedStream:
    """Events of one turn, from memory."""

    connected = True

    def __init__(self, client: ScriptedClient, request: EventsRequest) -> None:
        self._client = client
        self._request = request
        self._at = request.after
        self._stopped = threading.Event()
        self._over = False

    def __iter__(self) -> Iterator[EventRecord]:
        return self

    def __next__(self) -> EventRecord:
        while not self._over:
            record = self._client.wait_for(self._at, self._stopped)
            if record is None:
                break
            self._at = record.number
            if self._request.turn_id in ("", record.turn_id):
                self._over = isinstance(record.event, TurnEnded)
                return record
        raise StopIteration

    def close(self) -> None:
        self._stopped.set()


class ScriptedTurn:
    """A turn's acceptance, its events, and how things stand after it, made of the client's other calls."""

    connected = True

    def __init__(self, client: ScriptedClient, request: PromptRequest) -> None:
        self._client = client
        self._request = request
        self._stream: Any = None
        self._closed = False
        self._items = self._follow()

    def __iter__(self) -> Iterator[TurnItem]:
        return self

    def __next__(self) -> TurnItem:
        return next(self._items)

    def close(self) -> None:
        self._closed = True
        if self._stream is not None:
            self._stream.close()

    def _follow(self) -> Iterator[Any]:
        accepted = self._client.call("prompt", self._request)
        yield accepted
        assert isinstance(accepted, PromptAccepted)
        self._stream = self._client.events(EventsRequest(after=accepted.after, turn_id=accepted.turn_id))
        if self._closed:
            self._stream.close()
        yield from self._stream
        if not self._closed:
            yield self._client.call("status", Simple())
