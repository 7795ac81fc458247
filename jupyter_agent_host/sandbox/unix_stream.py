"""Byte streams to a runner over a unix socket in a folder that host and sandbox share."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
from anyio.abc import ByteStream, SocketAttribute, UNIXSocketStream
from anyio.lowlevel import checkpoint

from jupyter_agent_host.errors import ConfigError, SandboxGoneError
from jupyter_agent_host.sandbox.runner_health import fetch_health, wait_healthy


class CancellableStream(ByteStream):
    """A unix socket stream whose `receive` can be cancelled at any moment. One task may receive while another sends.

    anyio's own sets a future that a cancelled task has given up, when data comes in the very same turn of the event
    loop; the loop then reports an error. Seen with anyio 4.16 on asyncio.
    """

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


__all__ = ["MAX_SOCKET_PATH_BYTES", "check_socket_path", "connect_unix", "fetch_health", "wait_healthy"]

MAX_SOCKET_PATH_BYTES = 100
"""Below what every kernel takes (Linux 107, macOS 103)."""


def check_socket_path(path: Path) -> None:
    """Refuse a path that the kernel would cut off.

    Raises:
        ConfigError: it is longer than 100 bytes.
    """
    size_bytes = len(os.fsencode(path))
    if size_bytes > MAX_SOCKET_PATH_BYTES:
        raise ConfigError(
            f"The socket path {path} is {size_bytes} bytes long, at most {MAX_SOCKET_PATH_BYTES} work: set"
            " XDG_RUNTIME_DIR or TMPDIR to a shorter folder."
        )


async def connect_unix(path: Path, *, provider: str) -> ByteStream:
    """One more stream to the socket at `path`.

    Raises:
        SandboxGoneError: nobody listens there (any more).
        ConfigError: the path is too long for a socket.
    """
    check_socket_path(path)
    try:
        with _pinned(path) as pinned:
            return CancellableStream(await anyio.connect_unix(pinned))
    except OSError as err:
        raise SandboxGoneError(f"The sandbox no longer listens ({err.strerror}).", provider=provider) from err


@contextmanager
def _pinned(path: Path) -> Iterator[str]:
    """A name for the very socket at `path`, never for what a link points to.

    The box may write the folder, and must not be able to send the host to another socket of this machine.
    """
    if not hasattr(os, "O_PATH"):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ConnectionRefusedError(errno.ECONNREFUSED, "not a socket")
        yield str(path)
        return
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(handle).st_mode):
            raise ConnectionRefusedError(errno.ECONNREFUSED, "not a socket")
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
