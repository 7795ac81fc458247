"""What a turn publishes while it runs, and how it reads as it grows in a terminal."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from scripted_client import ENDED, INFO
from test_render import tool
from test_turn import delta, view_of

from jupyter_agent_host.notebook.turns.turn_display import (
    MAX_PUBLISHED_BYTES,
    MAX_TAIL_BYTES,
    CellOutput,
    TerminalOutput,
    running_tail,
)
from jupyter_agent_host.protocol.events import AnyEvent, AttemptDiscarded, EventRecord, Notice
from jupyter_agent_host.rendering.mime_bundle import TURN_TYPE
from jupyter_agent_host.rendering.turn_view import TurnView, reduce


class Page:
    """Where a cell's output goes, with a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.published: list[tuple[float, dict[str, Any], bool]] = []

    def publish(self, bundle: dict[str, Any], update: bool) -> None:
        self.published.append((self.now, bundle, update))

    @property
    def size(self) -> int:
        return sum(len(json.dumps(bundle, ensure_ascii=False).encode()) for _, bundle, _ in self.published)


def play(page: Page, output: CellOutput, events: list[AnyEvent], *, every: float) -> TurnView:
    view = TurnView()
    for number, event in enumerate(events, start=1):
        page.now += every
        record = EventRecord(number=number, notebook_id="nb", session_id="s", turn_id="t", time=1.0, event=event)
        view = reduce(view, record)
        output.show(view, f"{page.now:.1f} s · working")
    output.finish(view, INFO)
    return view


def test_a_long_fast_answer_stays_within_the_budget() -> None:
    page = Page()
    output = CellOutput(page.publish, clock=lambda: page.now)
    text = "word " * 12  # 60 bytes a delta, 50 deltas a second: 60 KB in 20 s, then twenty minutes more
    play(page, output, [delta(text)] * 1000 + [delta(" ")] * 60_000 + [ENDED], every=0.02)
    assert page.size <= MAX_PUBLISHED_BYTES
    times = [time for time, _, _ in page.published[:-1]]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.199
    assert sum(time < 20 for time in times) > 30
    running = [bundle for _, bundle, _ in page.published[:-1]]
    assert all(len(json.dumps(bundle, ensure_ascii=False).encode()) <= MAX_TAIL_BYTES for bundle in running)
    assert all(set(bundle) == {"text/plain", TURN_TYPE} for bundle in running)


def test_a_long_silent_tool_call_spends_little_of_the_budget() -> None:
    page = Page()
    output = CellOutput(page.publish, clock=lambda: page.now)
    view = view_of(delta("Running the tests."))
    for tenth in range(600):
        page.now = tenth / 10
        output.show(view, f"{page.now:.1f} s · Bash: pytest")
    assert len(page.published) <= 31
    page.now += 0.2
    output.show(view, f"{page.now:.1f} s · stopping")
    assert page.published[-1][1]["text/plain"].endswith("stopping")


def test_one_display_is_replaced_in_place_and_the_last_state_is_whole() -> None:
    page = Page()
    output = CellOutput(page.publish, clock=lambda: page.now)
    play(page, output, [delta("Hello "), delta("world."), ENDED], every=1.0)
    assert [update for _, _, update in page.published] == [False, True, True, True]
    assert page.published[0][1][TURN_TYPE] == {
        "version": 1,
        "status": "running",
        "notebookId": "nb",
        "turnId": "t",
        "sessionId": "s",
    }
    last = page.published[-1][1]
    assert set(last) == {TURN_TYPE, "text/markdown", "text/plain"}
    assert last["text/plain"].startswith("Hello world.")


def test_the_tail_shows_the_end_and_what_is_going_on() -> None:
    view = view_of(*(delta(f"line {n}\n") for n in range(1000)))
    tail = running_tail(view, "3.0 s · Bash: pytest")
    assert tail.startswith("…\nline ")
    assert tail.endswith("line 999\n\n● 3.0 s · Bash: pytest")
    assert running_tail(TurnView(), "starting") == "● starting"


def terminal(*states: tuple[AnyEvent, ...]) -> str:
    written: list[str] = []
    output = TerminalOutput(written.append)
    view = TurnView()
    for state in states:
        view = view_of(*state)
        output.show(view, "")
    output.finish(view, INFO)
    return "".join(written)


def growing(*events: AnyEvent) -> list[tuple[AnyEvent, ...]]:
    return [events[:n] for n in range(1, len(events) + 1)]


def test_a_terminal_sees_each_thing_once_in_order() -> None:
    text = terminal(
        *growing(
            delta("I'll "),
            delta("look.\n"),
            *tool(1, "Bash", {"command": "ls"}, "a\nb"),
            Notice(level="info", code="n", text="Mind."),
            delta("Done.", "m2"),
            ENDED,
        )
    )
    body, _, footer = text.rpartition("\n\n")
    assert body == "I'll look.\n\n▸ Bash: ls\n  │ a\n  │ b\n\n! Note: Mind.\n\nDone."
    assert footer.startswith("— 4.2 s")


def test_later_words_are_not_broken_by_earlier_ones_in_a_terminal() -> None:
    text = terminal(*growing(delta("First.", "m1"), delta("Second ", "m2"), delta("part.", "m2"), ENDED))
    assert text.startswith("First.\n\nSecond part.\n")


def test_a_terminal_shows_an_answer_again_that_broke_off() -> None:
    text = terminal(
        *growing(delta("one two thr", "m1"), AttemptDiscarded(message_id="m1"), delta("one two three", "m2"), ENDED)
    )
    assert text.count("one two three") == 1
