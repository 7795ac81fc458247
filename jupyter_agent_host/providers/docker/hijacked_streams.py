"""The connections that docker-py hijacks, as byte streams."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
from anyio import CapacityLimiter, to_thread
from anyio.abc import ByteStream, SocketStream, UNIXSocketStream

_CHUNK = 64 * 1024
_MOMENT_SECONDS = 0.01
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


def close_socket(raw: Any) -> None:
    """Close what `independent_socket` gave, with the response that it keeps alive. Idempotent."""
    raw.close()
    response = getattr(raw, "_response", None)
    if response is not None:
        response.close()


async def wrap_socket(raw: Any) -> ByteStream:
    """An anyio stream over what `independent_socket` gave."""
    if isinstance(raw, ssl.SSLSocket):
        return TlsStream(raw)
    if type(raw) is socket.socket:
        if raw.family == socket.AF_UNIX:
            return await UNIXSocketStream.from_socket(raw)
        return await SocketStream.from_socket(raw)
    return ThreadedStream(raw)


class TlsStream(ByteStream):
    """A TLS connection on the event loop's own thread: two threads at one of Python's would crash the process."""

    def __init__(self, raw: ssl.SSLSocket) -> None:
        raw.setblocking(False)
        self._raw = raw
        self._closed = False

    async def receive(self, max_bytes: int = _CHUNK) -> bytes:
        while True:
            await anyio.lowlevel.checkpoint()
            try:
                data = self._use().recv(max_bytes)
            except ssl.SSLWantReadError:
                await self._wait(anyio.wait_readable)
            except ssl.SSLWantWriteError:
                await self._wait(anyio.wait_writable)
            except OSError as err:
                raise anyio.BrokenResourceError from err
            else:
                if not data:
                    raise anyio.EndOfStream
                return data

    async def send(self, item: bytes) -> None:
        left = memoryview(item)
        while left:
            await anyio.lowlevel.checkpoint()
            try:
                left = left[self._use().send(left) :]
            except ssl.SSLWantWriteError:
                await self._wait(anyio.wait_writable)
            except ssl.SSLWantReadError:
                await self._wait(anyio.wait_readable)
            except OSError as err:
                raise anyio.BrokenResourceError from err

    async def send_eof(self) -> None:
        """TLS has no half-close here: the whole connection ends."""
        await self.aclose()

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            anyio.notify_closing(self._raw)
            close_socket(self._raw)

    def _use(self) -> ssl.SSLSocket:
        if self._closed:
            raise anyio.ClosedResourceError
        return self._raw

    async def _wait(self, ready: Callable[[ssl.SSLSocket], Awaitable[None]]) -> None:
        try:
            await ready(self._raw)
        except anyio.BusyResourceError:
            # The other direction waits for the same: a renegotiation, which is over in a moment.
            await anyio.sleep(_MOMENT_SECONDS)


class ThreadedStream(ByteStream):
    """A blocking socket-like object (an SSH channel) as a stream; each wait occupies a thread."""

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
            close_socket(self._raw)


def _shutdown(raw: Any, how: int) -> None:
    try:
        raw.shutdown(how)
    except OSError:
        return  # the other side was faster
