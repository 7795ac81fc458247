"""The connections that docker-py hijacks, as byte streams."""

from __future__ import annotations

import socket
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread
from anyio.abc import ByteStream, SocketStream, UNIXSocketStream

_CHUNK = 64 * 1024
THREADS = CapacityLimiter(64)


def independent_socket(hijacked: Any) -> Any:
    """The connection that docker-py hijacked, freed of the HTTP response that would close it when collected.

    Plain sockets are duplicated; TLS and SSH ones cannot be, and keep their response alive instead.
    """
    inner = getattr(hijacked, "_sock", hijacked)
    if type(inner) is not socket.socket:
        return hijacked
    own = inner.dup()
    own.settimeout(None)
    response = getattr(hijacked, "_response", None)
    if response is not None:
        response.close()
    hijacked.close()
    return own


async def wrap_socket(raw: Any) -> ByteStream:
    """An anyio stream over what `independent_socket` gave."""
    if type(raw) is socket.socket:
        if raw.family == socket.AF_UNIX:
            return await UNIXSocketStream.from_socket(raw)
        return await SocketStream.from_socket(raw)
    return ThreadedStream(raw)


class ThreadedStream(ByteStream):
    """A blocking socket-like object (TLS, SSH channel) as a stream; each wait occupies a thread."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._closed = False

    async def receive(self, max_bytes: int = _CHUNK) -> bytes:
        if self._closed:
            raise anyio.ClosedResourceError
        try:
            data = await to_thread.run_sync(self._raw.recv, max_bytes, abandon_on_cancel=True, limiter=THREADS)
        except OSError as err:
            raise (anyio.ClosedResourceError if self._closed else anyio.BrokenResourceError) from err
        if not data:
            raise anyio.EndOfStream
        return bytes(data)

    async def send(self, item: bytes) -> None:
        if self._closed:
            raise anyio.ClosedResourceError
        try:
            await to_thread.run_sync(self._raw.sendall, item, limiter=THREADS)
        except OSError as err:
            raise anyio.BrokenResourceError from err

    async def send_eof(self) -> None:
        _shutdown(self._raw, socket.SHUT_WR)

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            _shutdown(self._raw, socket.SHUT_RDWR)
            self._raw.close()


def _shutdown(raw: Any, how: int) -> None:
    try:
        raw.shutdown(how)
    except OSError:
        return  # the other side was faster
