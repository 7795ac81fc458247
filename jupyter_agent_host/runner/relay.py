"""Splice stdin and stdout to the runner's socket: `python -m jupyter_agent_host.runner.relay SOCKET`.

For engines that share no file system with the host: it runs inside by the engine's own exec, once a connection.
Imports nothing but the standard library, since a person waits for it.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

from jupyter_agent_host.runner.hardening import hide_from_neighbours

_READ_BYTES = 256 * 1024


def main(path: str) -> int:
    """Copy both ways until the socket ends. The exit code is 1 if the runner cannot be reached."""
    hide_from_neighbours()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as runner:
        try:
            runner.connect(path)
        except OSError as err:
            sys.stderr.write(f"The runner cannot be reached: {err.strerror}\n")
            return 1
        _splice(runner)
    return 0


def _splice(runner: socket.socket) -> None:
    """A thread for each way, so that a full pipe on one side never holds up the other."""
    threading.Thread(target=_inward, args=(runner,), daemon=True).start()
    while data := runner.recv(_READ_BYTES):
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]


def _inward(runner: socket.socket) -> None:
    while data := os.read(0, _READ_BYTES):
        runner.sendall(data)
    runner.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
