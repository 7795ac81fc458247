"""Interrupts of a running cell, counted instead of raised, so that nothing is torn in the middle."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """While entered, SIGINT (what "interrupt the kernel" sends) only raises `count`.

    In another thread than the main one no signal arrives, and `count` stays 0.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: Any = None
        self._installed = False

    def __enter__(self) -> Interrupts:  # noqa: PYI034 - Self needs Python 3.11
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._handle)
            self._installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, self._before)
            self._installed = False

    def add(self) -> None:
        """Count an interrupt that reached us in another way."""
        self.count += 1

    @contextmanager
    def raised(self) -> Iterator[None]:
        """For a while, an interrupt is raised as KeyboardInterrupt again: for what waits for the keyboard."""
        if not self._installed:
            yield
            return
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
