"""Filling `{name}` in a prompt from the person's namespace, and leaving JSON, LaTeX and templates alone.

`&name` offers a function of theirs: the agent may call it during the turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_agent_host.protocol.host_api import OfferedFunction

_PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*|_[A-Za-z0-9][A-Za-z0-9_]*)\}", re.ASCII)
_LATEX_COMMAND = re.compile(r"\\[A-Za-z]+\*?(?:\[[^\]\n]*\])?$", re.ASCII)
_COMMAND_LENGTH = 80


@dataclass(frozen=True)
class Filled:
    """A prompt as it will be sent, and what was put into it: each name once, with its text."""

    text: str
    values: tuple[tuple[str, str], ...] = ()


class FillError(ValueError):
    """A value has no text; the message is a sentence for the person."""


def fill(prompt: str, names: Mapping[str, Any]) -> Filled:
    r"""Replace each `{name}` that exists in `names` by `str()` of its value; values are not filled again.

    Left as they are: names that do not exist; braces after a backslash, a LaTeX command, its earlier argument, `_` or
    `^` (`\{a}`, `\frac{a}{b}`, `x_{i}`); a group that is a formula of its own (`${x}$`); doubled braces (`{{a}}`).

    Raises:
        FillError: a value's own `__str__` failed.
    """
    pieces: list[str] = []
    values: dict[str, str] = {}
    done = 0
    filled_end = -1
    for match in _PLACEHOLDER.finditer(prompt):
        name = match.group(1)
        if name not in names or _is_foreign(prompt, match, filled_end):
            continue
        if name not in values:
            values[name] = _text_of(name, names[name])
        pieces += [prompt[done : match.start()], values[name]]
        done = filled_end = match.end()
    return Filled(text="".join([*pieces, prompt[done:]]), values=tuple(values.items()))


def _is_foreign(prompt: str, match: re.Match[str], filled_end: int) -> bool:
    """Whether these braces belong to another notation."""
    start, end = match.span()
    before, after = prompt[start - 1 : start], prompt[end : end + 1]
    if before and before in "\\_^{":
        return True
    if before == "}" and filled_end != start:
        return True
    if after == "^" or (before == "$" and after and after in "$_"):
        return True
    return _LATEX_COMMAND.search(prompt, max(0, start - _COMMAND_LENGTH), start) is not None


def _text_of(name: str, value: object) -> str:
    try:
        return str(value)
    except Exception as err:  # any class of the person's may fail in any way
        raise FillError(
            f"{{{name}}} cannot be filled in: its text could not be made ({type(err).__name__}: {err}). "
            "Use --raw to send the prompt as it stands."
        ) from err


_MENTION = re.compile(r"(?<![\w&])&([A-Za-z_][A-Za-z0-9_]*)(?![\w;])", re.ASCII)
_MOST = 16


def offered_functions(
    prompt: str, names: Mapping[str, Any], look: Callable[[dict[str, Any]], dict[str, Any]]
) -> tuple[OfferedFunction, ...]:
    """What `&name` names in the prompt, each once; what cannot be called by keyword stays text."""
    found: dict[str, OfferedFunction] = {}
    for match in _MENTION.finditer(prompt):
        name = match.group(1)
        if name in found or name not in names or len(found) >= _MOST:
            continue
        told = look({"op": "function", "name": name})
        if told.get("callable"):
            found[name] = OfferedFunction(
                name=name, signature=told["signature"], doc=told["doc"][:4000], input_schema=told["schema"]
            )
    return tuple(found.values())
