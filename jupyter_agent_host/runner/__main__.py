"""The runner's command line."""

from __future__ import annotations

import argparse
import os
import sys

import anyio

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.runner.hardening import die_with_parent, hide_from_neighbours
from jupyter_agent_host.runner.startup import no_garbage, read_start, skip_unused


def main() -> int:
    """Serve, or read a foreign transcript. The exit code is 2 for orders that cannot be followed."""
    parent_pid = os.getppid()
    parser = argparse.ArgumentParser(prog="python -m jupyter_agent_host.runner")
    parser.add_argument("mode", nargs="?", choices=["serve", "offline"], default="serve")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the parent process does")
    arguments = parser.parse_args()
    hide_from_neighbours()
    skip_unused()
    if arguments.die_with_parent:
        die_with_parent(parent_pid)
    try:
        return _offline() if arguments.mode == "offline" else _serve()
    except ProtocolError as err:
        sys.stderr.write(f"{err}\n")
        return 2


def _serve() -> int:
    start = read_start()
    with no_garbage():
        from jupyter_agent_host.runner.unix_server import log_to_stderr, serve  # noqa: PLC0415 - loads the SDK: half a second

    log_to_stderr()
    anyio.run(serve, start)
    return 0


def _offline() -> int:
    from jupyter_agent_host.runner.offline_transcript import main as offline  # noqa: PLC0415 - loads the SDK

    return anyio.run(offline)


if __name__ == "__main__":
    sys.exit(main())
