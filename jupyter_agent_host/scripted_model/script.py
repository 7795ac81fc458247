"""The script of a scripted model: a small JSON document, or the same as a Python dict.

    {"name": "weather",
     "rules": [
       {"when": {"prompt": "weather"},
        "steps": [{"say": "Looking.", "tools": [{"name": "Bash", "input": {"command": "date"}}]},
                  {"say": "It is {last_tool_result}"}]},
       {"when": {"prompt_regex": "(?i)what did I ask"}, "say": "{turns} earlier prompts; the first: {recall:1}"},
       {"when": {"prompt": "fail", "times": 1}, "error": {"status": 529, "type": "overloaded_error"}}],
     "otherwise": {"say": "I am a scripted model."}}

The first rule whose every condition holds answers. A rule holds one reply, or `steps`: one reply for each request of
the same prompt, since the agent asks again after each round of tool calls. Strings are templates, see `template`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Union

import msgspec


class ScriptError(ValueError):
    """The script is not valid; the message says where."""


class When(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions; those that are given must all hold.

    Attributes:
        prompt: substring of the last user prompt, in any case of letters.
        prompt_regex: searched for in the last user prompt; its groups are `{group:N}`.
        step: tool rounds since that prompt (0: its first request).
        after_tool: name of a tool whose result the request carries last.
        tool_result: substring of those results.
        turns: number of earlier prompts, exactly; `min_turns`: at least.
        model: glob of the model's name.
        system: substring of the system prompt.
        times: the rule answers this often in the life of the model, then never again.
    """

    prompt: str | None = None
    prompt_regex: str | None = None
    step: int | None = None
    after_tool: str | None = None
    tool_result: str | None = None
    turns: int | None = None
    min_turns: int | None = None
    model: str | None = None
    system: str | None = None
    times: int | None = None


class Tool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tool call. In `input`, `{"$lines": [...]}` stands for the lines joined, which reads better in JSON."""

    name: str
    input: dict[str, Any] = {}


class Failure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HTTP error instead of an answer. `body` replaces the usual JSON error, word for word."""

    status: int = 500
    type: str = "api_error"
    message: str = "The scripted model was told to fail."
    retry_after: float | None = None
    body: str | None = None


class Tokens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Usage to report; what is absent is estimated from the text (four characters a token)."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer. Its blocks come in the order think, say, tools; a delta is one word.

    Attributes:
        say: text; a list makes several text blocks.
        delay_seconds: before the first byte; `delta_delay_seconds`: before each delta.
        delta_words: words in one delta.
        disconnect_after, stall_after, garbage_after: after that many deltas the connection is cut, falls silent (for
            `stall_seconds`, then goes on), or turns into bytes that are no event.
        stop_reason: instead of `tool_use` or `end_turn`.
        raw: this body word for word, with status 200, instead of a message.
    """

    think: str | None = None
    say: Union[str, list[str], None] = None
    tools: list[Tool] = []
    error: Failure | None = None
    usage: Tokens = Tokens()
    delay_seconds: float = 0.0
    delta_delay_seconds: float = 0.0
    delta_words: int = 1
    disconnect_after: int | None = None
    stall_after: int | None = None
    stall_seconds: float = 3600.0
    garbage_after: int | None = None
    stop_reason: str | None = None
    raw: str | None = None


class Rule(Reply, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reply with its conditions, or with `steps` instead of the reply's own fields."""

    when: When = When()
    steps: list[Reply] = []


SCRIPTED = "This is a scripted model, not a real one: no model was asked."


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rules, in order. `api_key`, if set, is the only key accepted (as x-api-key or bearer token)."""

    rules: list[Rule] = []
    name: str = "scripted"
    api_key: str | None = None
    otherwise: Reply = Reply(say=SCRIPTED + " It has no rule for this prompt.")


def load_script(source: Script | dict[str, Any] | str | Path) -> Script:
    """A script from itself, a dict, or the path of a JSON file. The names of packaged scripts work too: `demo`.

    Raises:
        ScriptError: it cannot be read, or is no script.
    """
    if isinstance(source, Script):
        return source
    try:
        if isinstance(source, dict):
            return msgspec.convert(source, Script)
        return msgspec.json.decode(_path(source).read_bytes(), type=Script)
    except (OSError, msgspec.ValidationError, msgspec.DecodeError) as err:
        raise ScriptError(f"Not a script for the scripted model: {err}") from err


def _path(source: str | Path) -> Path:
    if isinstance(source, str) and source.isidentifier():
        packaged = Path(__file__).with_name(f"{source}.json")
        return packaged if packaged.exists() else Path(source)
    return Path(source)
