"""Completion in prompts: `/` commands, `@` files of the notebook's folder, `{name}` of the person's variables.

And the help for what stands there: a `/` command, or the variable in braces.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from jupyter_agent_host.host.workspace.files.masked_files import Masks, is_passing
from jupyter_agent_host.notebook.commands.line_commands import MODES, USAGE

_COMMAND = re.compile(r"\s*(/[A-Za-z]*)\Z")
_MODE = re.compile(r"\s*(?:/|%agent\s+)mode\s+(\w*)\Z")
_FILE = re.compile(r"(?:\A|[\s(\"'`])@([^\s@\"'`]*)\Z")
_NAME = re.compile(r"(?<![\\{_^}])\{([A-Za-z_]\w*)?\Z")
_MOST_FILES = 200
_MOST_SEEN = 5000


@dataclass(frozen=True)
class Completion:
    """Texts that may replace the cell from `start` up to the cursor; `kind` is a word for front ends that show it."""

    start: int
    matches: tuple[str, ...] = ()
    kind: str = ""


def complete_prompt(before: str, names: Iterable[str], folder: Path) -> Completion:
    """What may stand at the end of `before`, the prompt up to the cursor. Nothing is offered where nothing fits."""
    if found := _MODE.match(before):
        return _among(before, found[1], MODES, "keyword")
    if found := _COMMAND.match(before):
        return _among(before, found[1], [f"/{command}" for command in USAGE], "command")
    if found := _FILE.search(before):
        return _among(before, found[1], files(folder, found[1]), "path")
    if found := _NAME.search(before):
        offered = [f"{name}}}" for name in sorted(names)]
        return _among(before, found[1] or "", offered, "instance")
    return Completion(len(before))


def files(folder: Path, partial: str) -> list[str]:
    """Entries of the folder that `partial` is in, relative to `folder`; folders end with a slash.

    Hidden files are offered only to who began one, secrets never: the agent does not see them.
    """
    head, _, last = partial.rpartition("/")
    place = folder / head
    if head.startswith(("/", "~")) or ".." in head.split("/") or not _lies_in(place, folder):
        return []
    masks = Masks()
    found: list[str] = []
    try:
        with os.scandir(place) as entries:
            for entry in islice(entries, _MOST_SEEN):
                name = f"{head}/{entry.name}" if head else entry.name
                hidden = entry.name.startswith(".") and not last.startswith(".")
                if entry.name.startswith(last) and not (hidden or is_passing(entry.name) or masks.covers(name)):
                    found.append(f"{name}/" if entry.is_dir() else name)
    except OSError:
        return []
    return sorted(found)[:_MOST_FILES]


def _lies_in(place: Path, folder: Path) -> bool:
    return place.resolve().is_relative_to(folder.resolve())


def _among(before: str, partial: str, offered: Iterable[str], kind: str) -> Completion:
    matches = tuple(text for text in offered if text.startswith(partial))
    return Completion(len(before) - len(partial), matches, kind)


_COMMAND_AT_START = re.compile(r"\s*(?:/|%agent[ \t]+)([A-Za-z]+)\b")
_NAME_IN_BRACES = re.compile(r"\{([A-Za-z_]\w*)\}")


def command_help(cell: str) -> str:
    """What the command at the start of the cell does, "" if there is none."""
    found = _COMMAND_AT_START.match(cell)
    return f"/{found[1]}: {USAGE[found[1]]}" if found and found[1] in USAGE else ""


def variable_at(cell: str, cursor: int) -> str:
    """The name inside the braces around the cursor, "" if there are none."""
    return next((found[1] for found in _NAME_IN_BRACES.finditer(cell) if found.start() < cursor <= found.end()), "")
