"""Byte streams to a runner over a unix socket in a folder that host and sandbox share."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
from anyio.abc import ByteStream

from jupyter_agent_host.errors import ConfigError, SandboxGoneError
from jupyter_agent_host.sandbox.health import fetch_health, wait_healthy

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
        return await anyio.connect_unix(path)
    except OSError as err:
        raise SandboxGoneError(f"The sandbox no longer listens ({err.strerror}).", provider=provider) from err
