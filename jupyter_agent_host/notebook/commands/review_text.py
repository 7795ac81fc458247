"""`%agent review`, `diff`, `grants` and their decisions as text, for people without a panel."""

from __future__ import annotations

from typing import Any

from jupyter_agent_host.notebook.magic_errors import AgentCellError
from jupyter_agent_host.protocol.api_base import Answer
from jupyter_agent_host.protocol.review_api import (
    NOTEBOOK_MODES,
    Decided,
    GrantList,
    NotebookModeInfo,
    ReviewDiff,
    ReviewItem,
    ReviewList,
    ReviewTurn,
)
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.markdown_escaping import code_span, escape_text, settle_dollars

_SIGNS = {"inserted": "+", "created": "+", "deleted": "-", "moved": ">", "ran": "!"}
_MAX_DIFF_CHARS = 20_000
Pair = tuple[str, str]
"""Plain text, and Markdown that is inert."""


def review_request(command: str, words: list[str]) -> tuple[str, dict[str, Any]] | None:
    """The verb and its arguments; None where the words are not of this topic, or too many.

    Raises:
        AgentCellError: an option is unknown.
    """
    first = words[0] if words else None
    found: tuple[str, dict[str, Any]]
    match command, words:
        case "mode", [] | [_] if first is None or first in NOTEBOOK_MODES:
            found = "notebook_mode", {"mode": first}
        case "review", []:
            found = "review", {"limit": 3}
        case "grants", []:
            found = "grants", {}
        case "diff", [key]:
            found = "review_diff", {"key": key}
        case (("accept" | "reject" | "undo"), _):
            found = command, _decision(words)
        case "revoke", [] | [_]:
            found = "revoke", {"target": first or ""}
        case _:
            return None
    return found


def review_answer(answer: Answer) -> Pair | None:
    """An answer of this topic; None for another one."""
    match answer:
        case ReviewList():
            pair = review_text(answer)
        case Decided():
            pair = decided_text(answer)
        case ReviewDiff():
            pair = diff_text(answer)
        case GrantList():
            pair = grants_text(answer)
        case NotebookModeInfo():
            pair = mode_text(answer)
        case _:
            return None
    return pair


def _decision(words: list[str]) -> dict[str, Any]:
    keys = [word for word in words if not word.startswith("--")]
    options = [word.removeprefix("--") for word in words if word.startswith("--")]
    if options not in ([], ["mine"], ["before"]):
        raise AgentCellError("The options are `--mine` (keep yours) and `--before` (as before the turn).")
    return {"items": [{"key": key} for key in keys], "choice": options[0] if options else ""}


def review_text(answer: ReviewList) -> Pair:
    """What turns changed, the newest first."""
    if not answer.turns:
        note = f" {answer.note}" if answer.note else ""
        return _both(f"No turn of this notebook changed cells or files that are known here.{note}")
    plain, marked = [], []
    for turn in answer.turns:
        one, other = _turn(turn)
        plain.append(one)
        marked.append(other)
    closing = (
        "%agent diff KEY shows one; %agent accept, reject or undo [KEY…] decides (without a key: all of the newest)."
    )
    if answer.note:
        closing = f"{answer.note} {closing}"
    return "\n\n".join([*plain, closing]), "\n\n".join([*marked, _text(closing)])


def decided_text(answer: Decided) -> Pair:
    """What a decision came to, with each conflict."""
    plain, marked = [answer.message], [_text(answer.message)]
    for conflict in answer.conflicts:
        head = f"{conflict.kind} {_line(conflict.key)}: {conflict.reason}"
        hint = "Decide with `--mine` (keep yours) or `--before` (as before the turn)."
        body = turn_description.readable(conflict.diff)[:_MAX_DIFF_CHARS]
        plain += [head, body, hint]
        marked += [_text(head), _fenced(body), hint]
    return "\n".join(part for part in plain if part), "\n\n".join(part for part in marked if part)


def diff_text(answer: ReviewDiff) -> Pair:
    """One item's diff; what the person did since stands below."""
    parts = [
        (f"What the turn did to {answer.kind} {_line(answer.key)}", answer.diff),
        ("What changed since", answer.since),
    ]
    plain, marked = [], []
    for title, body in parts:
        if body:
            text = turn_description.readable(body)[:_MAX_DIFF_CHARS]
            plain += [f"{title}:", text]
            marked += [f"{_text(title)}:", _fenced(text)]
    rest = "; ".join(word for word in (answer.metadata, answer.outputs, answer.problem) if word)
    if rest or not plain:
        plain.append(_line(rest) or "Its text did not change.")
        marked.append(_text(_line(rest) or "Its text did not change."))
    return "\n".join(plain), "\n\n".join(marked)


def grants_text(answer: GrantList) -> Pair:
    """What the agent may do without being asked."""
    lines = [f"{grant.tool}: {grant.risk or 'whatever the rules find harmless'}" for grant in answer.tools]
    lines += [f"file {_line(pattern)}" for pattern in answer.files]
    if not lines:
        return _both("Nothing was let through for good in this notebook.")
    closing = "%agent revoke TOOL, %agent revoke PATH or %agent revoke takes back."
    plain = "\n".join(["Let through in this notebook:", *(f"  {line}" for line in lines), closing])
    return plain, "\n".join(["Let through in this notebook:", "", *(f"- {_text(line)}" for line in lines), "", closing])


def mode_text(answer: NotebookModeInfo) -> Pair:
    """What the agent must ask for now."""
    return _both(f"Notebook mode {answer.mode}. {answer.message} You may pick: {', '.join(answer.allowed)}.")


def _turn(turn: ReviewTurn) -> Pair:
    state = "all decided" if not turn.open else f"{turn.open} open"
    head = f"{turn.summary} ({state}), turn {turn.turn_id[:8]}" + (f"; {turn.dropped}" if turn.dropped else "")
    plain = "\n".join([head, *(f"  {_item(item)}" for item in turn.items)])
    lines = [f"- {code_span(_key(item))} {_text(_words(item))}" for item in turn.items]
    return plain, "\n".join([f"**{_text(head)}**", "", *lines])


def _item(item: ReviewItem) -> str:
    return f"{_SIGNS.get(item.action, '~')} {_key(item)}  {_words(item)}"


def _key(item: ReviewItem) -> str:
    return _line(item.key)


def _words(item: ReviewItem) -> str:
    counts = f"+{item.added} -{item.removed}" if item.added or item.removed else ""
    head = _line(item.head) if item.kind == "cell" else ""
    place = f"cell {item.position + 1}" if item.position is not None else ""
    words = (item.action, place, counts, head, item.state, item.reason, item.problem)
    return ", ".join(word for word in words if word)


def _both(text: str) -> Pair:
    return text, _text(text)


def _line(text: str) -> str:
    return turn_description.one_line(text, 200)


def _text(text: str) -> str:
    return settle_dollars(escape_text(turn_description.one_line(text, 2000)))


def _fenced(text: str) -> str:
    fence = "`" * (max((len(run) for run in text.replace("\n", " ").split(" ") if set(run) == {"`"}), default=0) + 4)
    return f"{fence}diff\n{text}\n{fence}"
