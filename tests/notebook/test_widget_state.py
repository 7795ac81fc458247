"""What a widget tells its page: small however long the conversation, and made of nothing but harmless elements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_client import ENDED, INFO
from test_inert import HOSTILE

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.notebook.turns.conversation import KEPT_TURNS, Conversation, begin, fold
from jupyter_agent_host.notebook.widget import page_state as widget_state
from jupyter_agent_host.notebook.widget.markdown_nodes import SCHEMES, TAGS, markdown_nodes
from jupyter_agent_host.notebook.widget.page_messages import Ask, Decide, read_message
from jupyter_agent_host.notebook.widget.page_state import StateWriter
from jupyter_agent_host.notebook.widget.saved_fallback import fallback_text
from jupyter_agent_host.protocol.events import (
    AnyEvent,
    AssistantText,
    EventRecord,
    PermissionAsked,
    PermissionSettled,
    ToolCall,
    ToolResult,
    TurnStarted,
    record_to_json,
)
from jupyter_agent_host.protocol.host_api import TurnsPage


def records(*events: tuple[str, AnyEvent]) -> list[EventRecord]:
    return [
        EventRecord(number=n, notebook_id="nb-1", session_id="session-1", turn_id=turn, time=1.0, event=event)
        for n, (turn, event) in enumerate(events, start=1)
    ]


def turn(name: str, text: str = "Hello.") -> list[tuple[str, AnyEvent]]:
    return [
        (name, TurnStarted(prompt=f"prompt of {name}", origin="panel")),
        (name, AssistantText(message_id="m1", text=text)),
        (name, ENDED),
    ]


def elements(nodes: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for node in nodes:
        if not isinstance(node, str):
            tag, attributes, *children = node
            yield tag, attributes
            yield from elements(children)


def text_of(nodes: list[Any]) -> str:
    return "".join(node if isinstance(node, str) else text_of(node[2:]) for node in nodes)


def test_markdown_becomes_a_tree() -> None:
    nodes = markdown_nodes("# Title\n\nSee **bold** [docs](https://a.test/x) and `code`.\n\n- one\n- two\n\n3. three")
    assert nodes[0] == ["h1", {}, "Title"]
    link = next(attributes for tag, attributes in elements(nodes) if tag == "a")
    assert link == {"href": "https://a.test/x"}
    assert ["ul", {}, ["li", {}, "one"], ["li", {}, "two"]] in nodes
    assert ("ol", {"start": 3}) in list(elements(nodes))
    table = markdown_nodes("| a | b |\n|---|---:|\n| 1 | 2 |")
    assert ("td", {"align": "right"}) in list(elements(table))
    assert text_of(markdown_nodes("```python\nx < 1\n```\nand $a_i$ or\nmore")) == "x < 1\nand $a_i$ or\nmore"


@pytest.mark.parametrize("text", [*HOSTILE, "a" * 300_000, "[" * 5000, "> " * 500 + "deep"])
def test_hostile_markdown_is_text(text: str) -> None:
    _check(text)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>[]()!*_`~|#-> \n$\\&;:/\"'=ahjst:"), max_size=80))
def test_any_text_is_harmless(text: str) -> None:
    _check(text)


def _check(text: str) -> None:
    for tag, attributes in elements(markdown_nodes(text)):
        assert tag in TAGS
        assert set(attributes) <= {"href", "start", "align"}
        if "href" in attributes:
            assert attributes["href"].partition(":")[0].lower() in SCHEMES


def test_turns_are_told_apart_and_questions_wait() -> None:
    asked = PermissionAsked(request_id="p", tool_name="Bash", input={"command": "ls"}, source="host")
    seen = fold(
        Conversation(info=INFO, loaded=True),
        records(*turn("one"), ("two", TurnStarted(prompt="again", origin="widget")), ("two", asked)),
    )
    assert (seen.state, [turn.origin for turn in seen.turns], seen.pending) == ("asking", ["panel", "widget"], (asked,))
    (running,) = StateWriter().running(seen)
    (question,) = running["parts"]
    assert (question["kind"], question["arguments"], question["leaves"]) == ("question", "command: ls", True)
    past = StateWriter().past(seen)
    assert [turn["prompt"] for turn in past["turns"]] == ["prompt of one"]
    done = PermissionSettled(request_id="p", decision="allow", by="person")
    later = records(*turn("one"), ("two", TurnStarted(prompt="again")), ("two", asked), ("two", done), ("two", ENDED))
    seen = fold(seen, later[-2:])
    assert (seen.state, seen.pending, StateWriter().running(seen)) == ("idle", (), [])
    assert StateWriter().past(seen)["turns"][1]["parts"][0]["text"] == "Allowed by person: Bash"


def test_the_state_stays_small_and_counts_what_it_leaves_out() -> None:
    long = "word " * 8_000
    calls = [
        (f"t{n}", event)
        for n in range(3)
        for event in (
            TurnStarted(prompt=long),
            *(
                event
                for k in range(200)
                for event in (
                    ToolCall(tool_use_id=f"c{k}", name="Bash", input={"command": long}),
                    ToolResult(tool_use_id=f"c{k}", text=long, size_bytes=len(long)),
                )
            ),
            ENDED,
        )
    ]
    many = [event for n in range(60) for event in turn(f"a{n}", long)]
    seen = fold(Conversation(info=INFO), records(*many, *calls, ("now", TurnStarted(prompt=long))))
    assert len(seen.turns) == KEPT_TURNS
    writer = StateWriter()
    past = writer.past(seen)
    size = len(msgspec.json.encode([past, writer.running(seen), widget_state.header(seen)]))
    assert size < widget_state.MAX_TURNS_BYTES + 5 * widget_state.MAX_TURN_BYTES
    assert past["earlier"] + len(past["turns"]) == 63
    assert past["turns"][-1]["id"] == "t2"
    assert writer.past(seen) == past


def test_an_open_question_is_never_left_out() -> None:
    steps = [("t", ToolCall(tool_use_id=f"c{k}", name="Bash")) for k in range(100)]
    asked = ("t", PermissionAsked(request_id="p", tool_name="Bash"))
    seen = fold(Conversation(info=INFO), records(*steps[:50], asked, *steps[50:]))
    kinds = [part["kind"] for part in StateWriter().running(seen)[0]["parts"]]
    assert kinds.count("question") == 1
    assert "note" in kinds


def test_a_page_of_turns_is_a_beginning() -> None:
    lines = tuple(msgspec.Raw(record_to_json(record)) for record in records(*turn("one"), *turn("two")))
    page = TurnsPage(notebook_id="nb-1", after=6, before=1, earlier=4, records=lines)
    seen = begin(INFO, page)
    assert (seen.earlier, len(seen.turns), seen.events, seen.state) == (4, 2, (), "idle")
    assert StateWriter().past(seen)["earlier"] == 4
    text = fallback_text(seen)
    assert "prompt of two" in text.plain
    assert "1 turn, about $0.0123 when this was shown" in text.plain
    assert "> prompt of two\n\nHello." in text.markdown


def test_states_have_words() -> None:
    assert Conversation().state == "connecting"
    assert Conversation(problem="Away.").state == "unreachable"
    assert widget_state.header(Conversation(problem="Away."))["problem"] == "Away."
    foreign = Conversation(info=msgspec.structs.replace(INFO, trust="foreign"))
    assert foreign.state == "undecided"
    header = widget_state.header(Conversation(info=INFO))
    assert header["scripted"] is True
    assert header["cost"] == "about $0.0123"
    json.dumps(header)


def test_only_messages_are_taken_from_a_page() -> None:
    assert read_message({"type": "ask", "id": "1", "prompt": "Go"}) == Ask(id="1", prompt="Go")
    decide = read_message({"type": "decide", "id": "2", "request": "p", "decision": "allow", "chosen": [[0], []]})
    assert isinstance(decide, Decide)
    assert decide.chosen == ((0,), ())
    for content in (
        None,
        [],
        {"type": "ask", "id": "1"},
        {"type": "ask", "id": 1, "prompt": "Go"},
        {"type": "call", "id": "1", "verb": "strip"},
        {"type": "ask", "id": "1", "prompt": "Go", "permission_mode": "free"},
        {"type": "decide", "id": "2", "request": "p", "decision": "perhaps"},
    ):
        with pytest.raises(ProtocolError):
            read_message(content)
