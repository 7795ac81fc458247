"""SIGINT to a server that has no terminal: JupyterHub stops its users' servers with it, scripts do, too.

Jupyter asks "shut down?" on a terminal and leaves the signal to Python elsewhere. Python's KeyboardInterrupt breaks the
event loop off in the midst: no extension is stopped, and threads that wait for the loop keep the process alive.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType


class OrderlyInterrupt:
    """Makes the first SIGINT stop the server as SIGTERM does. A second one is Python's again."""

    def __init__(self, stop: Callable[[], None]) -> None:
        """`stop` is called in a signal handler."""
        self._stop = stop

    def install(self) -> None:
        """Take the signal, if nobody has. Only a process's main thread can."""
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)

    def remove(self) -> None:
        """Give the signal back. Idempotent."""
        if signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the handler's form
        self.remove()
        self._stop()
