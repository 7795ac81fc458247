"""What can be explained in a prompt: a `/` command, and the variable that `{name}` stands for. Pure."""

from __future__ import annotations

import re

from jupyter_agent_host.notebook.commands.line_commands import USAGE

_COMMAND = re.compile(r"\s*(?:/|%agent[ \t]+)([A-Za-z]+)\b")
_NAME = re.compile(r"\{([A-Za-z_]\w*)\}")


def command_help(cell: str) -> str:
    """What the command at the start of the cell does, "" if there is none."""
    found = _COMMAND.match(cell)
    return f"/{found[1]}: {USAGE[found[1]]}" if found and found[1] in USAGE else ""


def variable_at(cell: str, cursor: int) -> str:
    """The name inside the braces around the cursor, "" if there are none."""
    return next((found[1] for found in _NAME.finditer(cell) if found.start() < cursor <= found.end()), "")
