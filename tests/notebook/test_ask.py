"""Questions at the cell, and what the answers become."""

from __future__ import annotations

import pytest

from jupyter_agent_host.notebook.turns.line_questions import LineAsker
from jupyter_agent_host.protocol.events import Json, PermissionAsked
from jupyter_agent_host.protocol.host_api import AnswerRequest


def answer(reply: str, asked: PermissionAsked) -> tuple[AnswerRequest, str]:
    prompts: list[str] = []

    def read_line(prompt: str) -> str:
        prompts.append(prompt)
        return reply

    return LineAsker(read_line)(asked), prompts[0]


PERMISSION = PermissionAsked(request_id="p", tool_name="Bash", input={"command": "ls\nrm x"})


@pytest.mark.parametrize(
    ("reply", "decision", "message"),
    [
        ("y", "allow", ""),
        (" YES ", "allow", ""),
        ("n", "deny", ""),
        ("", "deny", ""),
        ("yes, but only ls", "deny", "yes, but only ls"),
    ],
)
def test_only_a_plain_yes_allows(reply: str, decision: str, message: str) -> None:
    given, prompt = answer(reply, PERMISSION)
    assert (given.decision, given.message) == (decision, message)
    assert "    rm x" in prompt
    assert given.updated_input is None


def question(*, many: bool) -> PermissionAsked:
    questions = [
        {
            "question": "Which file?",
            "header": "File",
            "multiSelect": many,
            "options": [{"label": "a.csv", "description": "small"}, {"label": "b.csv"}],
        }
    ]
    return PermissionAsked(
        request_id="q", tool_name="AskUserQuestion", input={"questions": questions}, questions=questions
    )


@pytest.mark.parametrize(
    ("reply", "many", "chosen"),
    [
        ("2", False, "b.csv"),
        ("1, 2", True, ["a.csv", "b.csv"]),
        ("neither", False, "neither"),
        ("3", False, "3"),
        ("0", False, "0"),
    ],
)
def test_a_choice_is_a_number_or_words(reply: str, many: bool, chosen: Json) -> None:
    given, prompt = answer(reply, question(many=many))
    assert given.decision == "allow"
    assert given.updated_input["answers"] == {"Which file?": chosen}
    assert given.updated_input["questions"] == question(many=many).questions
    assert "1. a.csv - small" in prompt


@pytest.mark.parametrize("questions", ["x", [1], [{"question": 1}], [{"question": "a", "options": [1]}], {}, None])
def test_malformed_questions_are_a_plain_permission(questions: Json) -> None:
    given, _ = answer("y", PermissionAsked(request_id="q", tool_name="AskUserQuestion", questions=questions))
    assert given == AnswerRequest(request_id="q", decision="allow")


def test_terminal_sequences_cannot_hide_what_is_asked() -> None:
    asked = PermissionAsked(
        request_id="p", tool_name="Bash", input={"command": "rm x\r\x1b[2Kls"}, title="\x1b[8mhidden"
    )
    _, prompt = answer("n", asked)
    assert "\x1b" not in prompt
    assert "\r" not in prompt
    assert r"rm x\r\x1b[2Kls" in prompt
