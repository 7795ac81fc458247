"""What a cell of the agent kernel is, and the Python that IPython runs for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

_PYTHON = re.compile(r"\s*%%python[ \t]*(?:\n|\Z)")
_CELL_MAGIC = re.compile(r"\s*%%[A-Za-z_]")
_LINE_MAGIC = re.compile(r"%([A-Za-z_][\w.]*)")
_SLASH = re.compile(r"\s*/([A-Za-z]+)((?:[ \t]+\S+)*)\s*\Z")
_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})", re.MULTILINE)

Kind = Literal["prompt", "python", "magic"]


@dataclass(frozen=True)
class Cell:
    """`source` is for IPython. `offset` is what a position in the cell loses to become one in `source`, for Python."""

    kind: Kind
    source: str
    offset: int = 0


@dataclass(frozen=True)
class Names:
    """What the shell and the magic know by name."""

    is_magic: Callable[[str], bool]
    commands: frozenset[str]


def read_cell(text: str, names: Names) -> Cell:
    """Tell prompts from Python and from magics.

    Python is what follows a first line `%%python`. Magics are a cell that begins with `%%` and a word, a cell whose
    lines all are `%magic` of a magic that there is, and `/command` for `%agent command`. All else is a prompt.
    """
    if not text.strip():
        return Cell("magic", "")
    found = _PYTHON.match(text)
    if found:
        return _python(text, found.end())
    if _CELL_MAGIC.match(text) or _is_line_magics(text, names.is_magic):
        return Cell("magic", text)
    command = slash_command(text, names.commands)
    if command:
        return Cell("magic", f"%agent {command}\n")
    return Cell("prompt", f"get_ipython().run_cell_magic('agent', '', {text!r})\n")


def slash_command(text: str, commands: frozenset[str]) -> str:
    """`/mode plan` as `mode plan`, "" if it is none. A lone `/word` is always taken for a command."""
    found = _SLASH.match(text)
    if found is None or (found[1] not in commands and found[2]):
        return ""
    return f"{found[1]}{found[2]}"


def is_open(prompt: str) -> bool:
    """Whether a prompt that is typed line by line goes on: after a backslash, and inside a code fence."""
    if prompt.rstrip(" \t").endswith("\\"):
        return True
    fence = ""
    for found in _FENCE.finditer(prompt):
        if not fence:
            fence = found[1]
        elif found[1].startswith(fence):
            fence = ""
    return bool(fence)


def _python(text: str, start: int) -> Cell:
    """The body. A comment stands for the first line, so that tracebacks count lines as the cell shows them."""
    body = text[start:]
    if body.lstrip().startswith("%%"):
        return Cell("python", body, offset=start)
    head = "#\n" * text.count("\n", 0, start)
    return Cell("python", head + body, offset=start - len(head))


def _is_line_magics(text: str, is_magic: Callable[[str], bool]) -> bool:
    matches = [_LINE_MAGIC.match(line.strip()) for line in text.split("\n") if line.strip()]
    return all(match is not None and is_magic(match[1]) for match in matches)
