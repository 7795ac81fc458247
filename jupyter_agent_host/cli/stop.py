"""`jupyter agent-host stop`: end sandboxes; conversations are kept."""

from __future__ import annotations

import argparse
from typing import Any

from jupyter_agent_host.cli.shared.running_servers import find_notebook, found_notebooks, running_servers, stop_agent


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "stop",
        help="end a notebook's sandbox",
        description="End sandboxes of running Jupyter servers. Conversations are kept; the next prompt starts a "
        "new sandbox.",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("notebook", nargs="?", metavar="NOTEBOOK", help="path of the notebook")
    which.add_argument("--all", action="store_true", help="every sandbox of every running server")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Stop as asked and say what was done; 0."""
    if args.all:
        found = [found for found in found_notebooks(running_servers()) if found.info.state not in ("none", "stopped")]
    else:
        found = [find_notebook(args.notebook)]
    for notebook in found:
        print(f"{notebook.path}: {stop_agent(notebook).message}")
    if not found:
        print("No sandbox is running.")
    return 0
