"""`jupyter agent-host ...`: look after agents from a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.version import __version__

# In the order in which a new user needs them.
_COMMANDS = ("demo", "doctor", "image", "execute", "list", "logs", "stop", "prune", "strip")
_MODULES = {"list": "listing"}
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. 0: done; 1: it failed, and standard error says why; 2: wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    args = make_parser(argv).parse_args(argv)
    try:
        code: int = args.run(args)
    except AgentHostError as err:
        print(err, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return code


def make_parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser. Each command's own module adds its part and its `run`; only the one that `argv` names is imported."""
    parser = argparse.ArgumentParser(
        prog="jupyter agent-host",
        description="Every notebook gets its own agent, in a sandbox of its own. These commands look after them.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name in [name for name in _COMMANDS if name in argv[:1]] or _COMMANDS:
        import_module(f"jupyter_agent_host.cli.{_MODULES.get(name, name)}").add_parser(subparsers)
    return parser
