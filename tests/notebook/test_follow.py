"""A turn followed from its prompt to its end: interrupts, questions, failures."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import msgspec
from scripted_client import ENDED, ScriptedClient, words
from test_turn import delta

from jupyter_agent_host.errors import CredentialMissingError, ServerUnreachableError
from jupyter_agent_host.notebook.turns.line_questions import LineAsker
from jupyter_agent_host.notebook.turns.turn_follower import Outcome, TurnFollower
from jupyter_agent_host.protocol.events import PermissionAsked
from jupyter_agent_host.protocol.host_api import AnswerRequest, NotebookInfo, PromptRequest
from jupyter_agent_host.rendering.turn_view import NoticePart, TurnView


class Shown:
    """Keeps what was shown."""

    def __init__(self) -> None:
        self.statuses: list[str] = []

    def show(self, view: TurnView, status: str) -> None:
        self.statuses.append(status)

    def finish(self, view: TurnView, info: NotebookInfo | None, note: str = "") -> None:
        self.statuses.append(note)


def follow(client: ScriptedClient, **more: Any) -> tuple[Outcome, Shown]:
    shown = Shown()
    request = PromptRequest(prompt="Hello", path="nb.ipynb", headless="asker" not in more)
    return TurnFollower(client, request, shown, **more).run(), shown


def interrupt_after(*seconds: float) -> None:
    def work() -> None:
        for pause in seconds:
            time.sleep(pause)
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=work, daemon=True).start()


def test_a_turn_is_followed_to_its_end() -> None:
    client = ScriptedClient([*words("Hello world."), ENDED])
    outcome, _ = follow(client)
    assert outcome.view.text == "Hello world."
    assert [record.number for record in outcome.events] == list(range(1, len(outcome.events) + 1))
    assert outcome.info == client.info
    assert outcome.failure is None
    assert client.asked("prompt") == [PromptRequest(prompt="Hello", path="nb.ipynb", headless=True)]


def test_a_refused_prompt_is_a_failure_not_an_exception() -> None:
    outcome, _ = follow(ScriptedClient(refusal=CredentialMissingError("No key is set.")))
    assert str(outcome.failure) == "No key is set."
    assert outcome.accepted is None


def test_the_first_interrupt_stops_the_agent_and_waits_for_the_end() -> None:
    before = signal.getsignal(signal.SIGINT)
    client = ScriptedClient([delta("working"), 30.0, ENDED])
    interrupt_after(0.5)
    started = time.monotonic()
    outcome, _ = follow(client)
    assert time.monotonic() - started < 10
    assert outcome.view.ended is not None
    assert outcome.view.ended.status == "interrupted"
    assert outcome.interrupts == 1
    assert len(client.asked("interrupt")) == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_interrupt_leaves_at_once() -> None:
    client = ScriptedClient([delta("working"), 20.0, ENDED], stubborn=True)
    interrupt_after(0.5, 0.5)
    started = time.monotonic()
    outcome, shown = follow(client)
    assert time.monotonic() - started < 10
    assert outcome.view.ended is None
    assert outcome.interrupts == 2
    assert any("interrupt again to leave" in status for status in shown.statuses)


def test_an_interrupt_before_the_prompt_was_taken_still_stops_the_turn() -> None:
    class Slow(ScriptedClient):
        def _prompt(self, request: PromptRequest) -> Any:
            time.sleep(1.0)
            return super()._prompt(request)

    client = Slow([30.0, ENDED])
    interrupt_after(0.3)
    outcome, _ = follow(client)
    assert outcome.view.ended is not None
    assert outcome.view.ended.status == "interrupted"


def test_a_question_is_asked_once_and_answered() -> None:
    asked: list[str] = []

    def read_line(prompt: str) -> str:
        asked.append(prompt)
        return "not in this folder"

    question = PermissionAsked(request_id="p1", tool_name="Bash", input={"command": "rm -r x"}, title="Run a command?")
    client = ScriptedClient([question, *words("Then not."), ENDED])
    outcome, _ = follow(client, asker=LineAsker(read_line))
    assert len(asked) == 1
    assert "Run a command?" in asked[0]
    assert "command: rm -r x" in asked[0]
    assert client.asked("answer") == [
        AnswerRequest(request_id="p1", decision="deny", message="not in this folder", path="nb.ipynb")
    ]
    assert outcome.view.text == "Then not."


def test_a_question_that_a_page_shows_is_left_to_the_page() -> None:
    """JupyterLab with our extension shows an approval; a second question at the cell would only be in its way."""

    class InPage(ScriptedClient):
        def _prompt(self, request: PromptRequest) -> Any:
            return msgspec.structs.replace(super()._prompt(request), asks_in_page=True)

    def read_line(prompt: str) -> str:
        raise AssertionError(prompt)

    answer = AnswerRequest(request_id="p1", decision="allow")
    question = PermissionAsked(request_id="p1", tool_name="Bash")
    client = InPage([question, *words("Done."), ENDED])
    threading.Timer(0.5, lambda: client.call("answer", answer)).start()
    outcome, _ = follow(client, asker=LineAsker(read_line))
    assert outcome.view.text == "Done."
    assert client.asked("answer") == [answer]


def test_an_interrupt_at_a_question_stops_the_turn() -> None:
    def read_line(prompt: str) -> str:
        raise KeyboardInterrupt

    question = PermissionAsked(request_id="p1", tool_name="Bash")

    class Settling(ScriptedClient):
        def wait_settled(self, request_id: str) -> None:
            self._interrupted.wait(10)

    client = Settling([question, 30.0, ENDED])
    outcome, _ = follow(client, asker=LineAsker(read_line))
    assert outcome.view.ended is not None
    assert outcome.view.ended.status == "interrupted"
    assert client.asked("answer") == []


def test_headless_nothing_is_asked_and_nothing_hangs() -> None:
    client = ScriptedClient([PermissionAsked(request_id="p1", tool_name="Bash"), *words("Denied."), ENDED])
    outcome, _ = follow(client)
    assert outcome.view.pending == ()
    assert outcome.view.text == "Denied."


def test_a_server_that_stays_away_is_a_failure_after_what_was_seen() -> None:
    class Gone(ScriptedClient):
        def wait_for(self, count: int, stopped: threading.Event) -> Any:
            if count == 3:
                raise ServerUnreachableError("away for 400 s")
            return super().wait_for(count, stopped)

    outcome, _ = follow(Gone([delta("a"), delta("b"), delta("c"), 30.0]))
    assert outcome.view.text == "ab"
    assert "away" in str(outcome.failure)


def test_an_interrupt_that_cannot_be_sent_is_said() -> None:
    class Deaf(ScriptedClient):
        def _interrupt(self, _request: Any) -> Any:
            raise ServerUnreachableError("no way through")

    interrupt_after(0.3, 1.0)
    outcome, _ = follow(Deaf([delta("a"), 30.0], stubborn=True))
    notes = [part.text for part in outcome.view.parts if isinstance(part, NoticePart)]
    assert notes == ["Could not interrupt: no way through"]
