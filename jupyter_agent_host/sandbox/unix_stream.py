"""Byte streams to a runner over a unix socket in a folder that host and sandbox share."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
from anyio.abc import ByteStream

from jupyter_agent_host.errors import ConfigError, SandboxGoneError
from jupyter_agent_host.sandbox.cancellable_stream import CalmStream
from jupyter_agent_host.sandbox.runner_health import fetch_health, wait_healthy

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
            return CalmStream(await anyio.connect_unix(pinned))
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
