"""A unix socket stream whose `receive` can be cancelled at any moment.

anyio's own sets a future that a cancelled task has given up, when data comes in the very same turn of the event loop;
the loop then reports an error. Seen with anyio 4.16 on asyncio.
"""

from __future__ import annotations

import socket

import anyio
from anyio.abc import ByteStream, SocketAttribute, UNIXSocketStream
from anyio.lowlevel import checkpoint


class CalmStream(ByteStream):
    """Takes over an anyio stream. One task may receive while another sends."""

    def __init__(self, stream: UNIXSocketStream) -> None:
        self._stream = stream
        self._socket: socket.socket = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - no Django
        self._closed = False

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Bytes as they come.

        Raises:
            anyio.EndOfStream: the other side has ended.
            anyio.BrokenResourceError, anyio.ClosedResourceError: the connection is no more.
        """
        await checkpoint()
        while True:
            try:
                data = self._socket.recv(max_bytes)
            except BlockingIOError:
                await anyio.wait_readable(self._socket)
            except OSError as err:
                raise self._gone() from err
            else:
                if not data:
                    raise anyio.EndOfStream
                return data

    async def send(self, item: bytes) -> None:
        """All of it, as fast as the other side reads. Raises as `receive`."""
        await checkpoint()
        view = memoryview(item)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except BlockingIOError:
                await anyio.wait_writable(self._socket)
            except OSError as err:
                raise self._gone() from err

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            anyio.notify_closing(self._socket)
        await self._stream.aclose()

    def _gone(self) -> anyio.BrokenResourceError | anyio.ClosedResourceError:
        return anyio.ClosedResourceError() if self._closed else anyio.BrokenResourceError()
