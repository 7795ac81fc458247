"""Words about a turn that every rendering shares: tool calls in a line, how it ended, what it cost, where it ran."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from jupyter_agent_host.protocol.events import FileChange, Json
from jupyter_agent_host.protocol.host_api import NotebookInfo
from jupyter_agent_host.rendering.turn_view import NoticePart, PermissionPart, ToolPart, TurnView

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[PX^_\]].*?(?:\x07|\x1b\\|\Z)|\x1b[ -/]*[0-~]|\x9b[0-?]*[ -/]*[@-~]", re.DOTALL
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MAIN_ARGUMENT = ("command", "file_path", "path", "pattern", "url", "query", "description", "prompt")
_HEADLINE_CHARS = 100
_KILO = 1000
_SECONDS_A_MINUTE = 60

FILE_SIGNS = {"created": "+", "modified": "~", "deleted": "-"}
LEVELS = {"info": "Note", "warning": "Warning", "error": "Error"}


def readable(text: str) -> str:
    """Text without terminal escape sequences and control characters; of a line rewritten by CR the last state."""
    text = _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROL.sub("", text)


def exact(text: str) -> str:
    """Text with nothing hidden: control characters are spelled out. For what a person decides on."""
    return _CONTROL.sub(lambda match: ascii(match.group())[1:-1], text)


def capped(text: str, limit_bytes: int, *, size_bytes: int = 0) -> str:
    """At most about `limit_bytes` of UTF-8, and a line about the rest. `size_bytes`: the size at the source."""
    data = text.encode(errors="replace")
    whole = max(size_bytes, len(data))
    if len(data) <= limit_bytes:
        return text if whole <= len(data) else f"{text}\n… {size_words(whole)} in all"
    return f"{data[:limit_bytes].decode(errors='ignore')}\n… {size_words(whole)} in all"


def size_words(size: int) -> str:
    """A size for people, in thousands."""
    if size < _KILO:
        return f"{size} bytes"
    return f"{size / _KILO:,.1f} KB" if size < _KILO**2 else f"{size / _KILO**2:,.1f} MB"


def headline(part: ToolPart) -> str:
    """A tool call in one line: its name and its main argument."""
    return f"{one_line(part.name, 60)}: {main}" if (main := _main_argument(part.input)) else one_line(part.name, 60)


def one_line(text: str, limit: int = _HEADLINE_CHARS) -> str:
    """The text in one line of at most `limit` characters."""
    return _shorten(readable(text), limit)


def _shorten(text: str, limit: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def _main_argument(value: Json) -> str:
    if not isinstance(value, Mapping) or not value:
        return ""
    name = _main_name(value)
    return _shorten(exact(value[name] if name else _json(value)), _HEADLINE_CHARS)


def _main_name(value: Mapping[str, Json]) -> str:
    return next((name for name in _MAIN_ARGUMENT if isinstance(value.get(name), str)), "")


def arguments(part: ToolPart, *, beside_headline: bool = False) -> str:
    """A tool call's arguments in full, a line each; a text of several lines is written as it is.

    With `beside_headline`, an argument that the headline shows whole is left out.
    """
    if not isinstance(part.input, Mapping):
        return exact(_json(part.input)) if part.input is not None else ""
    told = _main_name(part.input) if beside_headline else ""
    if told and one_line(part.input[told]) != part.input[told]:
        told = ""
    return "\n".join(_argument(str(name), value) for name, value in part.input.items() if name != told)


def _argument(name: str, value: Json) -> str:
    if not isinstance(value, str):
        return exact(f"{name}: {_json(value)}")
    text = exact(value)
    if "\n" not in text:
        return f"{exact(name)}: {text}"
    return "\n".join([f"{exact(name)}:", *(f"    {line}" for line in text.rstrip("\n").split("\n"))])


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def result_text(part: ToolPart) -> str:
    """What the tool answered, and a word about images, which are not shown here."""
    if part.result is None:
        return ""
    text = readable(part.result.text).strip("\n")
    count = len(part.result.images)
    images = f"({count} image{'s' if count > 1 else ''})" if count else ""
    return "\n".join(piece for piece in (text, images) if piece)


def permission_line(part: PermissionPart) -> str:
    """A question and what was decided, in one line."""
    what = one_line(part.asked.title or part.asked.description or part.asked.tool_name)
    if part.settled is None:
        return f"Waits for your answer: {what}"
    verb = "Allowed" if part.settled.decision == "allow" else "Denied"
    by = f" by {one_line(part.settled.by, 40)}" if part.settled.by else ""
    why = f" ({one_line(part.settled.message)})" if part.settled.message else ""
    return f"{verb}{by}: {what}{why}"


def notice_line(part: NoticePart) -> str:
    """A notice in one line."""
    return f"{LEVELS.get(part.level, 'Note')}: {one_line(part.text, 500)}"


def file_line(change: FileChange) -> str:
    """A changed file in one line."""
    size = f" ({size_words(change.size_bytes)})" if change.action != "deleted" else ""
    return f"{FILE_SIGNS[change.action]} {one_line(change.path, 200)}{size}"


def review_line(view: TurnView) -> str:
    """What the turn changed, and how to look at it or take it back; "" when it changed nothing."""
    review = view.review
    if review is None or not (review.cells or review.files):
        return ""
    counted = [(review.cells, "cell"), (review.files, "file")]
    things = " and ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counted if count)
    if review.dropped:
        return f"{things} changed. It cannot be undone: {one_line(review.dropped, 200)}"
    waiting = f", {review.waiting} waiting for your word" if review.waiting else ""
    return f"{things} changed{waiting}. Look: %agent review. Take back: %agent undo"


def ending(view: TurnView) -> str:
    """Why the turn is not simply completed, with a way out; "" when it is."""
    ended = view.ended
    if ended is None or ended.status == "completed":
        return ""
    if ended.status == "interrupted":
        return "Interrupted: the agent stopped. The session lives on; the next prompt continues it."
    default = {
        "max_turns": "Stopped at the limit of tool turns: another prompt lets it go on, or raise --max-turns.",
        "budget": "Stopped at the budget: raise --max-budget-usd or AgentHost.max_budget_usd to go on.",
        "error": "The turn failed without a reason; `%agent doctor` looks for one.",
    }[ended.status]
    return one_line(ended.error or default, 1000)


def footer(view: TurnView, info: NotebookInfo | None) -> list[str]:
    """Duration, tokens, estimated cost, model, where it ran, and labels that every surface must show."""
    words: list[str] = []
    if view.ended is not None:
        usage = view.ended.usage
        sent = usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
        words.append(duration_words(view.ended.duration_ms / 1000))
        words.append(f"{sent:,} tokens in, {usage.output_tokens:,} out")
        words.append(f"about ${view.ended.cost_usd:.4f}")
    if view.model:
        words.append(one_line(view.model, 60))
    return [*words, *labels(view, info)]


def labels(view: TurnView, info: NotebookInfo | None) -> list[str]:
    """Where the agent runs, and what a person must not be mistaken about."""
    place = (info.isolation if info else "") or (view.sandbox.isolation if view.sandbox else "")
    words = [one_line(place, 80)] if place else []
    if info is not None and info.isolation_level == "none" and "not isolated" not in place.lower():
        words.append("not isolated")
    if info is not None and info.workspace_mode == "bind":
        words.append("writes your folder directly")
    if info is not None and info.scripted_model:
        words.append("scripted model, not a real one")
    return words


def duration_words(seconds: float) -> str:
    """A duration for people."""
    if seconds < _SECONDS_A_MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _SECONDS_A_MINUTE)
    return f"{minutes} min {rest} s"
