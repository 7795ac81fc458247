"""`jupyter agent-host logs`: what a notebook's sandbox wrote."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from jupyter_agent_host.cli.shared.running_servers import find_notebook, request


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "logs",
        help="what a notebook's sandbox wrote",
        description="Print the last lines that the program inside a notebook's sandbox wrote. They hold no prompts.",
    )
    parser.add_argument("notebook", metavar="NOTEBOOK", help="path of the notebook")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the log; 0, also when there is no sandbox and so no log."""
    found = find_notebook(args.notebook)
    with found.server.client() as client:
        text = request(client, "GET", f"agent-host/notebooks/{found.info.notebook_id}/logs").text
    if text:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
    else:
        print("There is no sandbox now, so there is no log.", file=sys.stderr)
    return 0
