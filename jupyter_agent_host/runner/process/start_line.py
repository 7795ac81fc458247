"""The first line on stdin: what the runner is told, and its secret."""

from __future__ import annotations

import os
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
