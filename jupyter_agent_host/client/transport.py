"""How connections fail, and lines of a streamed body."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import httpcore

from jupyter_agent_host.errors import ProtocolError

NOT_SENT = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
"""Nothing was sent: trying again cannot do a thing twice."""

BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)
"""Every failure of a connection."""

MAX_LINE_BYTES = 32 * 1024 * 1024


def lines(response: httpcore.Response) -> Iterator[bytes]:
    """Split at LF alone: a JSON string may hold other line separators as they are."""
    kept = b""
    for chunk in response.iter_stream():
        *whole, kept = (kept + chunk).split(b"\n")
        yield from whole
        if len(kept) > MAX_LINE_BYTES:
            raise ProtocolError("An event line is too long to be one of ours.")


def cut(response: httpcore.Response) -> None:
    """Wake the thread that reads this response. Closing would free it under that thread's feet."""
    stream = response.extensions.get("network_stream")
    raw = stream.get_extra_info("socket") if stream is not None else None
    if isinstance(raw, socket.socket):
        with contextlib.suppress(OSError):
            # The plain socket's method: TLS would first take the reader's state away.
            socket.socket.shutdown(raw, socket.SHUT_RDWR)
