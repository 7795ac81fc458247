"""What a request of the Messages API tells about the conversation so far."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
_AGENT_WORDS = ("[Request interrupted by user", "Tool loaded.")
"""How texts begin that the agent itself puts into a user message, besides reminders."""

_WORKING_DIRECTORY = re.compile(r"Primary working directory: (\S+)")


@dataclass(frozen=True)
class ToolAnswer:
    """The result of one tool call, as the request carries it."""

    name: str
    text: str
    is_error: bool


@dataclass(frozen=True)
class Conversation:
    """One request, read.

    Attributes:
        prompts: every user prompt, oldest first, without the agent's own reminders.
        step: rounds of tool calls since the last prompt.
        answers: the tool results of the last round, empty if the prompt came after them.
        system: all system text; `cwd`: the working directory that it names, "" if none.
    """

    prompts: tuple[str, ...]
    step: int
    answers: tuple[ToolAnswer, ...]
    system: str
    model: str
    cwd: str

    @property
    def prompt(self) -> str:
        return self.prompts[-1] if self.prompts else ""

    @property
    def turns(self) -> int:
        """Number of earlier prompts."""
        return max(0, len(self.prompts) - 1)

    @property
    def last_tool_result(self) -> str:
        return "\n".join(answer.text for answer in self.answers)


def read_conversation(body: dict[str, Any]) -> Conversation:
    """Read a request body tolerantly: what is not understood is skipped."""
    prompts: list[str] = []
    answers: list[ToolAnswer] = []
    names: dict[str, str] = {}
    system = [_text(body.get("system"))]
    step = 0
    for role, blocks in _messages(body):
        if role == "system":
            system.append(_text(blocks))
        elif role == "assistant":
            called = {
                str(block.get("id")): str(block.get("name")) for block in blocks if block.get("type") == "tool_use"
            }
            names.update(called)
            step += bool(called)
            answers = answers if not called else []
        else:
            answers += [_answer(block, names) for block in blocks if block.get("type") == "tool_result"]
            new = [text for block in blocks if (text := _prompt(block))]
            if new:
                prompts, step, answers = [*prompts, *new], 0, []
    text = "\n".join(system)
    found = _WORKING_DIRECTORY.search(text)
    return Conversation(
        prompts=tuple(prompts),
        step=step,
        answers=tuple(answers),
        system=text,
        model=str(body.get("model", "")),
        cwd=found.group(1) if found else "",
    )


def _messages(body: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict):
            content = message.get("content")
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
            yield str(message.get("role")), [block for block in blocks if isinstance(block, dict)]


def _prompt(block: dict[str, Any]) -> str:
    text = _REMINDER.sub("", str(block.get("text", ""))).strip() if block.get("type") == "text" else ""
    return "" if text.startswith(_AGENT_WORDS) else text


def _answer(block: dict[str, Any], names: dict[str, str]) -> ToolAnswer:
    name = names.get(str(block.get("tool_use_id")), "")
    return ToolAnswer(name=name, text=_text(block.get("content")), is_error=bool(block.get("is_error")))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict) and "text" in block)
