"""`jupyter agent-host list`: agents of all running servers."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec

from jupyter_agent_host.cli.shared.running_servers import FoundNotebook, found_notebooks, running_servers


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "list",
        help="agents of running Jupyter servers",
        description="List every notebook that has an agent on a running Jupyter server of yours.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list, with every field")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the list; 0, also when it is empty."""
    servers = running_servers()
    notebooks = list(found_notebooks(servers))
    if args.json:
        rows = [{**msgspec.to_builtins(found.info), "server": found.server.url} for found in notebooks]
        print(msgspec.json.encode(rows).decode())
    elif not servers:
        print("No Jupyter server of yours is running.")
    elif not notebooks:
        print(f"{len(servers)} running Jupyter server(s), and no notebook with an agent.")
    else:
        print("\n".join(_line(found) for found in notebooks))
    return 0


def _line(found: FoundNotebook) -> str:
    info = found.info
    parts = [
        f"{info.state:8}",
        found.path,
        f"{info.turns} turn{'' if info.turns == 1 else 's'}",
        f"${info.cost_usd:.4f}",
        info.isolation or "no sandbox",
    ]
    return "  ".join(parts + (["scripted model"] if info.scripted_model else []))
