"""`jupyter agent-host execute`: run a notebook with nobody there, and save its agent's session in it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from jupyter_agent_host.cli.shared.notebook_run import read_notebook, run_notebook, write_notebook
from jupyter_agent_host.cli.shared.own_server import own_server


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "execute",
        help="run a notebook headless and save its session in it",
        description="Run a notebook from top to bottom on a Jupyter server of its own, with its agent. Nobody can be "
        "asked: what would ask is denied, and the notebook says so. The notebook is saved with its outputs and its "
        "agent's session, also when a cell failed.",
    )
    parser.add_argument("notebook", metavar="NOTEBOOK", type=Path, help="path of the notebook")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write the result here, not into NOTEBOOK")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, help="the most that one cell may take")
    parser.add_argument("--allow-errors", action="store_true", help="go on after a cell that failed")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run and save; 0 when every cell ran, 1 when one failed."""
    notebook = args.notebook.resolve()
    read_notebook(notebook)
    with own_server(notebook.parent) as server:
        result, failure = run_notebook(server, notebook, timeout=args.timeout, allow_errors=args.allow_errors)
    output = args.output or args.notebook
    write_notebook(output, result)
    if failure is not None:
        print(failure, file=sys.stderr)
    print(f"{output} is written.")
    return 0 if failure is None else 1
