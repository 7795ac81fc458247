"""The frame codec under atheris: run as a program, ends with 0 when nothing was found."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports():
    from jupyter_agent_host.errors import FrameTooLargeError, ProtocolError
    from jupyter_agent_host.protocol.control import decode_host_frame, decode_runner_frame, encode_frame


def one(data: bytes) -> None:
    for decode in (decode_runner_frame, decode_host_frame):
        try:
            frame = decode(data)
        except (ProtocolError, FrameTooLargeError):
            continue
        assert decode(encode_frame(frame)) == frame


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
