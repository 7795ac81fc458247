"""Templates of a script, filled from the conversation, so that an answer can prove what the model was sent.

| template | becomes |
|---|---|
| `{prompt}` | the last user prompt |
| `{turns}` | how many prompts came before it |
| `{recall:N}` | the N-th prompt of the conversation, from 1; -1 is the last one; `(unknown)` if it was not sent |
| `{recall}` | all earlier prompts, separated by semicolons |
| `{last_tool_result}` | text of the tool results that this request carries |
| `{words:N}` | N numbered words: `word1 word2 ...` |
| `{group:N}` | a group of the rule's `prompt_regex` |
| `{model}`, `{cwd}` | the model asked for; the agent's working directory |

Any other brace stays as it is, so shell, Python and JSON need no escaping.
"""

from __future__ import annotations

import re
from typing import Any

from jupyter_agent_host.scripted_model.conversation import Conversation

_FIELD = re.compile(r"\{(prompt|turns|recall|last_tool_result|words|group|model|cwd)(?::(-?\d+))?\}")
UNKNOWN = "(unknown)"


def fill(text: str, conversation: Conversation, groups: tuple[str, ...] = ()) -> str:
    """`text` with its fields filled in. What is filled in is not read again."""
    return _FIELD.sub(lambda found: _field(found.group(1), found.group(2), conversation, groups), text)


def fill_input(value: Any, conversation: Conversation, groups: tuple[str, ...] = ()) -> Any:
    """A tool's input with every string filled in and every `{"$lines": [...]}` joined."""
    if isinstance(value, str):
        return fill(value, conversation, groups)
    if isinstance(value, list):
        return [fill_input(item, conversation, groups) for item in value]
    if isinstance(value, dict):
        if set(value) == {"$lines"}:
            return fill("\n".join(value["$lines"]), conversation, groups)
        return {key: fill_input(item, conversation, groups) for key, item in value.items()}
    return value


def _field(name: str, argument: str | None, conversation: Conversation, groups: tuple[str, ...]) -> str:
    if name == "words":
        return " ".join(f"word{number}" for number in range(1, int(argument or "1") + 1))
    if name == "recall":
        return _recall(conversation, argument)
    if name == "group":
        return _at(groups, int(argument or "1"))
    return str(getattr(conversation, name))


def _recall(conversation: Conversation, argument: str | None) -> str:
    if argument is None:
        return "; ".join(conversation.prompts[:-1])
    return _at(conversation.prompts, int(argument))


def _at(items: tuple[str, ...], number: int) -> str:
    index = number - 1 if number > 0 else number
    return items[index] if number and -len(items) <= index < len(items) else UNKNOWN
