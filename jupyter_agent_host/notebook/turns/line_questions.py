"""Questions of the agent's, put to the person at the cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jupyter_agent_host.protocol.events import Json, PermissionAsked
from jupyter_agent_host.protocol.host_api import AnswerRequest
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.turn_view import ToolPart

ReadLine = Callable[[str], str]
_SHOWN_BYTES = 1500


class LineAsker:
    """Asks with `read_line(prompt)`, as `input` does. See `follow.Asker`."""

    def __init__(self, read_line: ReadLine) -> None:
        self._read_line = read_line

    def __call__(self, asked: PermissionAsked) -> AnswerRequest:
        """`y` allows; anything else denies and is told to the agent. A multiple-choice question takes numbers."""
        questions = questions_in(asked.questions)
        if questions:
            return chosen_answer(asked, {question["question"]: self._choose(question) for question in questions})
        reply = self._read_line(permission_prompt(asked)).strip()
        if reply.lower() in {"y", "yes"}:
            return AnswerRequest(request_id=asked.request_id, decision="allow")
        message = "" if reply.lower() in {"", "n", "no"} else reply
        return AnswerRequest(request_id=asked.request_id, decision="deny", message=message)

    def _choose(self, question: Mapping[str, Any]) -> str | list[str]:
        options = [str(option.get("label", "")) for option in question["options"]]
        many = bool(question.get("multiSelect"))
        reply = self._read_line(question_prompt(question)).strip()
        chosen = _picked(reply, options, many=many)
        if chosen is None:
            return reply
        return chosen if many else chosen[0]


def chosen_answer(asked: PermissionAsked, answers: Mapping[str, str | list[str]]) -> AnswerRequest:
    """The answer to a multiple-choice question: for each question a label, several, or words of the person's own."""
    given = asked.input if isinstance(asked.input, Mapping) else {}
    updated = {**given, "questions": asked.questions, "answers": dict(answers)}
    return AnswerRequest(request_id=asked.request_id, decision="allow", updated_input=updated)


def permission_prompt(asked: PermissionAsked) -> str:
    """What the person reads before deciding: exactly what would be done."""
    call = ToolPart(tool_use_id="", name=asked.tool_name, input=asked.input)
    title = (
        turn_description.one_line(asked.title)
        or f"The agent wants to use {turn_description.one_line(asked.tool_name, 60)}"
    )
    detail = turn_description.one_line(asked.description, 300)
    shown = turn_description.capped(turn_description.arguments(call), _SHOWN_BYTES)
    lines = [title, detail, shown, "Allow? y, or a word to the agent about why not: "]
    return "\n".join(line for line in lines if line)


def question_prompt(question: Mapping[str, Any]) -> str:
    """A multiple-choice question with numbered answers."""
    lines = [turn_description.one_line(str(question["question"]), 300)]
    for number, option in enumerate(question["options"], start=1):
        about = turn_description.one_line(str(option.get("description", "")), 200)
        label = turn_description.one_line(str(option.get("label", "")))
        lines.append(f"  {number}. {label}{f' - {about}' if about else ''}")
    hint = "Numbers, apart by commas" if question.get("multiSelect") else "A number"
    return "\n".join([*lines, f"{hint}, or words of your own: "])


def _picked(reply: str, options: list[str], *, many: bool) -> list[str] | None:
    numbers = [piece.strip() for piece in reply.split(",")] if many else [reply]
    if not all(number.isdecimal() and 1 <= int(number) <= len(options) for number in numbers):
        return None
    return [options[int(number) - 1] for number in numbers]


def questions_in(value: Json) -> list[Mapping[str, Any]]:
    """The multiple-choice questions, if they are some that can be asked; they come from inside a sandbox."""
    if not isinstance(value, (list, tuple)):
        return []
    return [
        question
        for question in value
        if isinstance(question, Mapping)
        and isinstance(question.get("question"), str)
        and isinstance(question.get("options"), (list, tuple))
        and all(isinstance(option, Mapping) for option in question["options"])
    ]
