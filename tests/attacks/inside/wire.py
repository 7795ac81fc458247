"""Raw HTTP to the way out, for programs that say what no client library would."""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

from attempt import Parameters

_SECONDS = 5.0


def way_out(given: Parameters) -> tuple[str, int]:
    """Where requests leave: as the tests say (outside), else as the environment of an agent's tools says."""
    named = given.get("way_out") or os.environ.get("HTTPS_PROXY") or os.environ["ANTHROPIC_BASE_URL"]
    parts = urlsplit(named)
    return str(parts.hostname), int(parts.port or 80)


def say(address: tuple[str, int], data: bytes, *more: bytes, until: bytes = b"canary") -> bytes:
    """Send bytes as they are, then `more` after each answer; all that comes back, until the other side is silent."""
    received = b""
    with socket.create_connection(address, _SECONDS) as connection:
        connection.settimeout(_SECONDS)
        for part in (data, *more):
            connection.sendall(part)
            received += _answer(connection, until)
    return received


def _answer(connection: socket.socket, until: bytes) -> bytes:
    received = b""
    try:
        while until not in received and not _complete(received):
            chunk = connection.recv(65536)
            if not chunk:
                break
            received += chunk
    except (TimeoutError, ConnectionResetError):
        pass  # silence is an answer, too
    return received


def _complete(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return head.startswith(b"HTTP/1.1 200 Connection")


def status(answer: bytes) -> int:
    """The first answer's status, 0 for none."""
    words = answer.split(None, 2)
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit() else 0
