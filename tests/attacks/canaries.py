"""What the attacks aim at: servers, sockets, files and processes of the machine that a sandbox must not reach.

The TCP canary is an ordinary forward proxy and web server at once, and obeys everything: what gets past it only because
it is naive is what the gateway has to refuse.
"""

from __future__ import annotations

import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

METADATA = "169.254.170.2"
"""Where a cloud's containers find credentials; not the better known address, at which this machine may have some."""
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\ncanary"
_SECONDS = 20


class _Obedient(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.settimeout(_SECONDS)
        with suppress(OSError, ValueError, UnicodeError):
            self._obey(self._head())

    def _head(self) -> bytes:
        data: bytes = b""
        while b"\r\n\r\n" not in data and len(data) < 1_000_000:
            chunk = self.request.recv(65536)
            if not chunk:
                break
            data += chunk
        return data

    def _obey(self, head: bytes) -> None:
        if head.startswith(b"PRI * HTTP/2.0"):
            self.request.sendall(b"\0\0\0\4\0\0\0\0\0")
            return
        words = [*head.split(b"\r\n", 1)[0].decode().split(" "), "", ""]
        lower = head.lower()
        if words[0] == "CONNECT":
            self._tunnel(words[1])
        elif b"\r\nupgrade:" in lower:
            self.request.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n")
        elif "http://" in words[1]:
            self._fetch(words[1])
        else:
            self.request.sendall(_ANSWER)

    def _tunnel(self, target: str) -> None:
        host, _, port = target.rpartition("@")[2].rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), _SECONDS) as upstream:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            upstream.sendall(self.request.recv(65536))
            self.request.sendall(upstream.recv(65536))

    def _fetch(self, url: str) -> None:
        parts = urlsplit(url)
        with socket.create_connection((str(parts.hostname), parts.port or 80), _SECONDS) as upstream:
            upstream.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.request.sendall(upstream.recv(65536))


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, answering = self.request
        answering.sendto(data + b"canary", self.client_address)


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Tcp6(_Tcp):
    address_family = socket.AF_INET6


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextmanager
def canaries(folder: Path) -> Iterator[dict[str, Any]]:
    """All of them, for as long as the block; what the attacks need to know of them.

    `machine`, `bridge` and `metadata` are addresses of this machine; those that it lacks are given where root can.
    """
    secret = folder / "secret.txt"
    secret.write_text("canary\n")
    with ExitStack() as stack:
        tcp = _serve(stack, _Tcp(("0.0.0.0", 0), _Obedient))
        loopback = _serve(stack, _Tcp(("127.0.0.1", 0), _Obedient))
        udp = _serve(stack, _Udp(("0.0.0.0", 0), _Echo))
        given: dict[str, Any] = {
            "file": str(secret),
            "port": tcp.server_address[1],
            "loopback_port": loopback.server_address[1],
            "udp_port": udp.server_address[1],
            "port6": tcp.server_address[1],
            "abstract": f"attack-canary-{tcp.server_address[1]}",
            "socket": str(folder / "door"),
            "machine": _own_address(),
            "bridge": _bridge_address(),
            "metadata": METADATA,
        }
        if socket.has_ipv6:
            with suppress(OSError):
                _serve(stack, _Tcp6(("::1", given["port"]), _Obedient))
        for path in ("\0" + given["abstract"], given["socket"]):
            _serve(stack, _Unix(path, _Obedient))
        _borrow_address(stack, METADATA)
        yield given


def _serve(stack: ExitStack, server: Any) -> Any:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    stack.callback(thread.join)
    stack.enter_context(closing(_Closing(server)))
    thread.start()
    return server


class _Closing:
    def __init__(self, server: Any) -> None:
        self._server = server

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.77", 9))  # sends nothing: it only asks which address would be used
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _bridge_address() -> str:
    """The engine's bridge; where there is none, the machine's own address once more."""
    found = subprocess.run(["ip", "-4", "-o", "addr", "show", "docker0"], capture_output=True, text=True, check=False)
    words = found.stdout.split()
    return words[words.index("inet") + 1].split("/")[0] if "inet" in words else _own_address()


def _borrow_address(stack: ExitStack, address: str) -> None:
    """Give the loopback one more address while the attacks run, so that something answers there."""
    added = subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], capture_output=True, check=False)
    if added.returncode == 0:
        stack.callback(subprocess.run, ["ip", "addr", "del", f"{address}/32", "dev", "lo"], check=False)


@contextmanager
def container(image: str) -> Iterator[dict[str, Any]]:
    """A container with a network and a server in it, where there is an engine; nothing is given where there is none."""
    serve = (
        "import socketserver as s\nclass H(s.BaseRequestHandler):\n def handle(self): self.request.sendall(b'canary')\n"
    )
    command = [*("docker", "run", "--rm", "-d", "--entrypoint", "python3", image, "-c")]
    started = subprocess.run(
        [*command, serve + "s.TCPServer(('', 8000), H).serve_forever()"], capture_output=True, text=True, check=False
    )
    if started.returncode != 0:
        yield {"container": "192.0.2.77", "container_port": 8000}
        return
    name = started.stdout.strip()
    try:
        told = ["docker", "inspect", "-f", "{{.NetworkSettings.IPAddress}}", name]
        address = subprocess.run(told, capture_output=True, text=True, check=True).stdout.strip()
        yield {"container": address, "container_port": 8000}
    finally:
        subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)
