"""The runner's start: the first line on stdin (what it is told, and its secret), and imports that it leaves out."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.protocol.limits import MIB
from jupyter_agent_host.protocol.runner_start import RunnerStart

_MIN_TOKEN = 32


def read_start() -> RunnerStart:
    """The orders, from the first line of stdin; stdin is then closed to us and to every child.

    Raises:
        ProtocolError: the line is missing or no `RunnerStart`.
    """
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < MIB:
        byte = os.read(0, 1)
        if not byte:
            break
        line += byte
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    try:
        start = msgspec.json.decode(bytes(line), type=RunnerStart)
    except (msgspec.ValidationError, msgspec.DecodeError) as err:
        raise ProtocolError(f"The first line on stdin is no start order: {err}") from err
    if len(start.token) < _MIN_TOKEN:
        raise ProtocolError(f"The start token is shorter than {_MIN_TOKEN} characters.")
    return start


_UNUSED = ("rfc3987_syntax",)
"""An optional part of jsonschema that compiles a grammar on import: more than half of the SDK's import time in
environments that hold it (Jupyter's own do). It checks the `iri` format of JSON schemas, of which we have none."""


def skip_unused() -> None:
    """Make those modules count as not installed in this process. Call it before the SDK is imported.

    A None in `sys.modules` forbids the import (Python's reference, "The module cache").
    """
    for name in _UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


@contextmanager
def no_garbage() -> Iterator[None]:
    """Import without the garbage collector, which would walk the thousands of new classes over and over.

    They stay for good, so afterwards it leaves them alone (`gc.freeze`).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
