"""What may stand on the `%%agent` line."""

from __future__ import annotations

import shlex
from argparse import ArgumentTypeError
from dataclasses import dataclass

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from jupyter_agent_host.notebook.commands.line_commands import MODES
from jupyter_agent_host.protocol.control import PermissionMode


@dataclass(frozen=True)
class CellOptions:
    """One `%%agent` line, checked. `output` is "" or a variable's name."""

    model: str | None = None
    permission_mode: PermissionMode | None = None
    max_turns: int | None = None
    max_budget_usd: float | None = None
    fork: bool = False
    new: bool = False
    once: bool = False
    raw: bool = False
    notebook: str = ""
    output: str = ""


def parse_options(line: str) -> CellOptions:
    """The options of one line.

    Raises:
        UsageError: something on the line is not an option, or contradicts another one.
    """
    found = _parser.parse_args(_words(line))
    options = CellOptions(**vars(found))
    if options.fork and options.new:
        raise UsageError("--fork goes on in a copy, --new begins afresh: give one of them.")
    if options.output and not options.output.isidentifier():
        raise UsageError(f"-o {options.output}: not a name for a variable.")
    return options


def options_help() -> str:
    """All options, for `%%agent?`."""
    return _parser.format_help()


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as err:
        raise UsageError(f"%%agent: {err}.") from err


def _positive_int(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def _positive_float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not an amount above zero")
    return value


def _make_parser() -> MagicArgumentParser:
    parser = MagicArgumentParser("%agent", add_help=False)  # type: ignore[no-untyped-call]
    parser.allow_abbrev = False
    add = parser.add_argument
    add("--model", help="model of this turn, such as claude-sonnet-4-5")
    add("--permission-mode", choices=MODES, help="what the agent must ask for in this turn")
    add("--max-turns", type=_positive_int, help="most tool-use rounds in this turn")
    add("--max-budget-usd", type=_positive_float, help="most that this turn may cost, in US dollars")
    add("--fork", action="store_true", help="go on in a copy of the session")
    add("--new", action="store_true", help="begin a new session")
    add("--once", action="store_true", help="show the answer again if this cell was answered already (Run All)")
    add("--raw", action="store_true", help="send the prompt as it stands: no {name} is filled in")
    add("--notebook", default="", metavar="PATH", help="which notebook, where several share this kernel")
    add("-o", dest="output", default="", metavar="VAR", help="put the result (text, events, usage, ...) into VAR")
    return parser


_parser = _make_parser()
