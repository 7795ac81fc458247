"""Who may speak to the runner: the holder of the start token, and on a shared socket only from outside the box.

An ASGI application does not see its socket, so the peer is checked when uvicorn accepts the connection.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
import struct
from collections.abc import Iterable

from uvicorn.protocols.http.h11_impl import H11Protocol

logger = logging.getLogger(__name__)

_CREDENTIALS = struct.Struct("3i")


def bears_token(headers: Iterable[tuple[bytes, bytes]], token: str) -> bool:
    """Whether the request carries exactly one `Authorization` header and it is our bearer token."""
    sent = [value for name, value in headers if name.lower() == b"authorization"]
    return len(sent) == 1 and hmac.compare_digest(sent[0], f"Bearer {token}".encode())


def peer_pid(connection: socket.socket) -> int:
    """The other end's process id in our own pid namespace; 0 if it lives outside (SO_PEERCRED, unix(7))."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(raw)[0]
    return pid


class OutsidePeerProtocol(H11Protocol):
    """uvicorn's HTTP protocol that hangs up on every peer which lives in the runner's own pid namespace."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by asyncio for each accepted connection."""
        pid = peer_pid(transport.get_extra_info("socket"))
        if pid != 0:
            logger.warning("refused a connection from inside the sandbox (pid %d)", pid)
            self.transport = transport
            transport.abort()
            return
        super().connection_made(transport)
