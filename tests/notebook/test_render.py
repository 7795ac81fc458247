"""A turn's three renderings: readable, bounded, inert."""

from __future__ import annotations

import json
from typing import Any

import pytest
from nbconvert.filters import markdown2html
from scripted_client import ENDED, INFO
from test_inert import Audit
from test_turn import delta, view_of

from jupyter_agent_host.protocol.events import (
    AnyEvent,
    FileChange,
    FilesChanged,
    Notice,
    PermissionAsked,
    PermissionSettled,
    ToolCall,
    ToolResult,
    TurnEnded,
)
from jupyter_agent_host.protocol.host_api import NotebookInfo
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.mime_bundle import MAX_FINAL_BYTES, TURN_TYPE, final_bundle, size_bytes
from jupyter_agent_host.rendering.turn_plain_text import plain_turn


def tool(number: int, name: str, given: Any, text: str, **result: Any) -> list[AnyEvent]:
    tool_use_id = f"t{number}"
    return [
        ToolCall(tool_use_id=tool_use_id, name=name, input=given),
        ToolResult(tool_use_id=tool_use_id, text=text, size_bytes=len(text), **result),
    ]


TURN = view_of(
    delta("I'll look.\n"),
    *tool(1, "Bash", {"command": "cat sales.csv"}, "\n".join(f"2024-{n:02},{n}" for n in range(1, 13))),
    *tool(2, "Write", {"file_path": "answer.txt", "content": "March\nit is\n"}, "ok"),
    *tool(3, "Bash", {"command": "false"}, "exit 1", is_error=True),
    Notice(level="warning", code="x", text="Careful."),
    FilesChanged(files=(FileChange(path="answer.txt", action="created", size_bytes=12),)),
    delta("It is **March**.", "m2"),
    ENDED,
)

PLAIN = """\
Filled in: table = sales.csv

I'll look.

▸ Bash: cat sales.csv
  │ 2024-01,1
  │ 2024-02,2
  │ 2024-03,3
  │ 2024-04,4
  │ 2024-05,5
  │ 2024-06,6
  │ 2024-07,7
  │ 2024-08,8
  │ … 4 more lines, 122 bytes in all
▸ Write: answer.txt
  content:
      March
      it is
  │ ok
▸ Bash: false
  │ failed: exit 1

! Warning: Careful.

It is **March**.

Files changed:
  + answer.txt (12 bytes)

— 4.2 s · 1,234 tokens in, 56 out · about $0.0123 · claude-sonnet-4-5 · Docker, no network · \
scripted model, not a real one"""


def test_plain_text_reads_well_in_a_terminal() -> None:
    assert plain_turn(TURN, INFO, filled=(("table", "sales.csv"),)) == PLAIN


def test_markdown_folds_each_tool_call_with_its_arguments_and_result() -> None:
    markdown = final_bundle(TURN, INFO)["text/markdown"]
    assert markdown.count("<details>") == markdown.count("</details>") == 3
    assert "<summary>Bash&#58; cat sales.csv</summary>" in markdown
    assert "2024-12,12" in markdown
    assert "Failed:\n\n```\nexit 1\n```" in markdown
    assert "It is **March**." in markdown
    assert "- `+ answer.txt (12 bytes)`" in markdown
    assert "scripted model, not a real one" in markdown


def test_the_rich_type_is_versioned_and_json() -> None:
    turn = json.loads(json.dumps(final_bundle(TURN, INFO)[TURN_TYPE]))
    assert turn["version"] == 1
    assert turn["status"] == "completed"
    assert [part["type"] for part in turn["parts"]] == ["text", "tool", "tool", "tool", "notice", "text"]
    assert turn["parts"][3]["result"]["isError"] is True
    assert turn["usage"]["inputTokens"] == 1200
    assert turn["scriptedModel"] is True


def test_a_sandbox_that_isolates_nothing_says_so_everywhere() -> None:
    info = NotebookInfo(notebook_id="n", path="p", isolation="plain process", isolation_level="none")
    bundle = final_bundle(TURN, info)
    assert "not isolated" in bundle["text/plain"]
    assert "not isolated" in bundle["text/markdown"]
    assert "not isolated" in bundle[TURN_TYPE]["labels"]


ATTACK = '</summary></details><img src=http://evil.test/ onerror="alert(1)">\n\n```\n</code>$x$ \\href{a}{b}'


@pytest.mark.parametrize(
    "event",
    [
        ToolCall(tool_use_id=ATTACK, name=ATTACK, input={ATTACK: ATTACK}),
        ToolCall(tool_use_id="t", name="Bash", input=[ATTACK]),
        ToolResult(tool_use_id="t", text=ATTACK),
        Notice(level="error", code=ATTACK, text=ATTACK),
        PermissionAsked(request_id="p", tool_name=ATTACK, title=ATTACK, description=ATTACK),
        PermissionSettled(request_id="p", decision="deny", message=ATTACK, by=ATTACK),
        FilesChanged(files=(FileChange(path=ATTACK, action="created"),)),
        TurnEnded(status="error", error=ATTACK, model=ATTACK),
        delta(ATTACK),
    ],
)
def test_nothing_from_the_sandbox_becomes_html(event: AnyEvent) -> None:
    view = view_of(PermissionAsked(request_id="p", tool_name="Bash"), event, TurnEnded(status="completed"))
    html = str(markdown2html(final_bundle(view, INFO, filled=(("x", ATTACK),))["text/markdown"]))
    found = Audit()
    found.feed(html)
    assert set(found.bad) <= {"<details>", "<summary>"}, html
    assert html.count("<details>") == html.count("</details>")


def test_terminal_sequences_do_not_reach_a_terminal() -> None:
    text = "\x1b]52;c;aGk=\x07\x1b[31mred\x1b[0m \x9b2Jx 10%\r50%\r100%\nnext\x00\u202etxt"
    assert turn_description.readable(text) == "100%\nnexttxt"
    assert turn_description.readable("\x1b]0;title\x1b\\a\x1b(Bb\x1bPq\x1b\\c") == "abc"
    assert "\x1b" not in plain_turn(view_of(delta(text), *tool(1, text, {text: text}, text), ENDED), INFO)


def test_a_tool_result_is_capped_at_4_kb() -> None:
    view = view_of(*tool(1, "Bash", {"command": "x" * 9000}, "y" * 60_000), ENDED)
    (part,) = final_bundle(view, INFO)[TURN_TYPE]["parts"]
    assert len(part["result"]["text"]) < 4200
    assert "60.0 KB in all" in part["result"]["text"]
    assert len(part["arguments"]) < 4200


@pytest.mark.parametrize("count", [1, 100, 3000])
def test_the_whole_is_small_enough_however_long_the_turn_was(count: int) -> None:
    events = [
        event
        for n in range(count)
        for event in (delta("ß" * 500, f"m{n}"), *tool(n, "Bash", {"command": "ü" * 5000}, "x" * 5000))
    ]
    bundle = final_bundle(view_of(*events, delta("The end.", "last"), ENDED), INFO)
    assert size_bytes(bundle) <= MAX_FINAL_BYTES
    assert "The end." in bundle["text/plain"]
    assert "The end." in bundle["text/markdown"]


def test_one_huge_answer_is_small_enough() -> None:
    bundle = final_bundle(view_of(delta("wörd " * 400_000), ENDED), INFO)
    assert size_bytes(bundle) <= MAX_FINAL_BYTES


@pytest.mark.parametrize(
    ("ended", "sentence"),
    [
        (TurnEnded(status="interrupted"), "Interrupted: the agent stopped"),
        (TurnEnded(status="max_turns"), "--max-turns"),
        (TurnEnded(status="budget"), "--max-budget-usd"),
        (TurnEnded(status="error", error="No key is set: set ANTHROPIC_API_KEY."), "No key is set"),
    ],
)
def test_every_other_end_is_a_sentence_with_a_way_out(ended: TurnEnded, sentence: str) -> None:
    bundle = final_bundle(view_of(delta("x"), ended), INFO)
    assert sentence in bundle["text/plain"]
    assert sentence in bundle["text/markdown"].replace("\\_", "_")
    assert sentence in bundle[TURN_TYPE]["ending"]


def test_words_for_sizes_and_times() -> None:
    assert [turn_description.size_words(size) for size in (0, 999, 1000, 1_500_000)] == [
        "0 bytes",
        "999 bytes",
        "1.0 KB",
        "1.5 MB",
    ]
    assert [turn_description.duration_words(seconds) for seconds in (0.04, 59.9, 61)] == [
        "0.0 s",
        "59.9 s",
        "1 min 1 s",
    ]
