"""`jupyter agent-host strip`: take the saved session out of notebooks before they are shared."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from jupyter_agent_host.cli.shared.file_replacement import replace_file
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.store.envelope.strip_notebook import strip

_STANDARD = Path("-")
_HALF_LETTER = re.compile("[\ud800-\udfff]")
"""What is left of an emoji that a program cut through. UTF-8 has no way to write it, and JSON only an escape."""


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "strip",
        help="take the agent's session out of notebooks",
        description="Remove the saved session from notebooks, with all tool output in it, and the marks in cells that "
        "say which turn they come from. The text of answers stays, as it does for any other output. `-` reads standard "
        "input and writes standard output, as a git filter does.",
    )
    parser.add_argument("notebooks", nargs="+", metavar="NOTEBOOK", type=Path, help="paths of notebooks")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with 1 if any of them holds a session (for hooks)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Strip or check; 0 when all is well, 1 when a check found something or a notebook could not be handled."""
    if args.notebooks == [_STANDARD]:
        return _filter(check=args.check)
    code = 0
    for path in args.notebooks:
        try:
            found = _strip_file(path, write=not args.check)
        except AgentHostError as err:
            print(err, file=sys.stderr)
            code = 1
            continue
        if args.check and found:
            print(f"{path} holds an agent's session.")
            code = 1
        elif not args.check:
            print(f"{path} {'is stripped' if found else 'held nothing of an agent'}.")
    return code


def _filter(*, check: bool) -> int:
    """Standard input to standard output; what is no notebook is an error, so that git keeps it out."""
    try:
        text = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as err:
        print(f"standard input is no notebook: {err}.", file=sys.stderr)
        return 1
    try:
        notebook = _read(text, "standard input")
    except AgentHostError as err:
        print(err, file=sys.stderr)
        return 1
    found = strip(notebook)
    if not check:
        # A notebook that held nothing goes through byte by byte.
        sys.stdout.buffer.write((_written(notebook) if found else text).encode("utf-8"))
    return 1 if check and found else 0


def _strip_file(path: Path, *, write: bool) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as err:
        raise AgentHostError(f"{path} cannot be read: {err.strerror}.") from err
    except ValueError as err:
        raise AgentHostError(f"{path} is no notebook: {err}.") from err
    notebook = _read(text, str(path))
    found = strip(notebook)
    if found and write:
        replace_file(path, _written(notebook))
    return found


def _read(text: str, name: str) -> dict[str, Any]:
    try:
        notebook = json.loads(text)
    except ValueError as err:
        raise AgentHostError(f"{name} is no notebook: {err}.") from err
    if not isinstance(notebook, dict):
        raise AgentHostError(f"{name} is no notebook.")
    return notebook


def _written(notebook: dict[str, Any]) -> str:
    """The form that Jupyter itself writes, so that a diff shows nothing else."""
    text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
    return _HALF_LETTER.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
