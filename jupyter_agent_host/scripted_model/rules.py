"""Which reply answers a request."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from jupyter_agent_host.scripted_model.conversation import Conversation
from jupyter_agent_host.scripted_model.script import Reply, Rule, Script, When


class Rules:
    """The script's rules and how often each has answered."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._used = [0] * len(script.rules)

    def choose(self, conversation: Conversation) -> tuple[Reply, tuple[str, ...]]:
        """The reply of the first rule that holds, and the groups of its regular expression."""
        for index, rule in enumerate(self._script.rules):
            groups = _groups(rule.when, conversation)
            if groups is None or not _holds(rule.when, conversation) or not _has_step(rule, conversation):
                continue
            if rule.when.times is not None and self._used[index] >= rule.when.times:
                continue
            self._used[index] += 1
            return (rule.steps[conversation.step] if rule.steps else rule), groups
        return self._script.otherwise, ()


def _has_step(rule: Rule, conversation: Conversation) -> bool:
    return not rule.steps or conversation.step < len(rule.steps)


def _groups(when: When, conversation: Conversation) -> tuple[str, ...] | None:
    if when.prompt_regex is None:
        return ()
    found = re.search(when.prompt_regex, conversation.prompt)
    return None if found is None else tuple(group or "" for group in found.groups())


def _holds(when: When, conversation: Conversation) -> bool:
    return all(
        (
            when.prompt is None or when.prompt.casefold() in conversation.prompt.casefold(),
            when.step is None or when.step == conversation.step,
            when.after_tool is None or when.after_tool in [answer.name for answer in conversation.answers],
            when.tool_result is None or when.tool_result in conversation.last_tool_result,
            when.turns is None or when.turns == conversation.turns,
            when.min_turns is None or when.min_turns <= conversation.turns,
            when.model is None or fnmatchcase(conversation.model, when.model),
            when.system is None or when.system in conversation.system,
        )
    )
