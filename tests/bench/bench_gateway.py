"""What the gateway costs: the same 10 000 deltas, and the same bytes of a tunnel, straight and through the gateway.

Run `python tests/bench/bench_gateway.py`. Model, far server, gateway and client are processes of their own, as in real
life. Aims: streaming at most 1.2 times as long as direct, less than 5 ms added to the first byte. A tunnel is compared
with a plain loopback connection, which no network outside is as fast as.
"""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import anyio.abc
import httpx

from jupyter_agent_host.host.gateway import Gateway, LedgerEntry
from jupyter_agent_host.host.gateway.egress import Destination, EgressRecord, Permitted
from jupyter_agent_host.host.gateway.egress.destination import Address
from jupyter_agent_host.host.settings import Credential, GatewaySettings

DELTAS = 10_000
MIB = 1024 * 1024
TUNNEL_BYTES = 256 * MIB
ROUNDS = 3
FIRST_BYTES = 30
SCRIPT = {
    "rules": [{"when": {"prompt": "long"}, "say": f"{{words:{DELTAS}}}"}],
    "otherwise": {"say": "short"},
}


class _Network:
    """Everything may be reached, nothing is kept."""

    def __init__(self) -> None:
        self.dialling = anyio.CapacityLimiter(8)

    async def permit(self, destination: Destination) -> Permitted:
        return Permitted(f"bench {destination}")

    async def permit_service(self, name: str, use: str, destination: Destination) -> Permitted:
        return Permitted(f"bench {name} {use} {destination}")

    def count(self, size: int) -> None:
        """Nothing is limited."""

    def open_one(self) -> None:
        """The same."""

    def close_one(self) -> None:
        """The same."""

    async def record(self, record: EgressRecord) -> None:
        """Nothing is kept."""


class _ThisMachine:
    """Any name is a public address, and that leads to this machine."""

    async def resolve(self, host: str) -> list[Address]:
        return [ip_address("93.184.216.34")]

    async def connect(self, address: Address, port: int) -> anyio.abc.ByteStream:
        return await anyio.connect_tcp("127.0.0.1", port)


class _Scope:
    notebook_id = "bench"
    session_id = "bench"

    def __init__(self) -> None:
        self.network = _Network()

    async def admit(self, model: str) -> None:
        """Everything may go."""

    async def record(self, entry: LedgerEntry) -> None:
        """Nothing is kept."""


async def serve_gateway(upstream: str, ready: str) -> None:
    """The gateway on a loopback port, until it is ended."""
    settings = GatewaySettings(
        base_url=upstream, credential=Credential("api_key", "k"), max_requests_per_minute=1_000_000
    )
    async with (
        Gateway(settings, outside=_ThisMachine()) as gateway,
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
    ):
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - no Django

        async def serve(stream: anyio.abc.ByteStream) -> None:
            await gateway.serve(stream, _Scope())

        await anyio.Path(ready + ".part").write_text(f"http://127.0.0.1:{port}", encoding="utf-8")
        await anyio.Path(ready + ".part").rename(ready)
        await listener.serve(serve)


async def serve_bytes(ready: str) -> None:
    """Give `TUNNEL_BYTES` to everybody who says something, until it is ended."""
    block = bytes(256 * 1024)

    async def serve(stream: anyio.abc.ByteStream) -> None:
        async with stream:
            await stream.receive()
            for _ in range(TUNNEL_BYTES // len(block)):
                await stream.send(block)

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - no Django
        await anyio.Path(ready + ".part").write_text(f"http://127.0.0.1:{port}", encoding="utf-8")
        await anyio.Path(ready + ".part").rename(ready)
        await listener.serve(serve)


def take(address: str, through: str = "") -> tuple[float, float]:
    """Seconds until a tunnel stands (0 without one), and until its last byte."""
    far = urlsplit(address)
    door = urlsplit(through or address)
    started = time.perf_counter()
    with socket.create_connection((door.hostname or "", door.port or 0), timeout=60) as stream:
        if through:
            stream.sendall(f"CONNECT far.example:{far.port} HTTP/1.1\r\nHost: far.example\r\n\r\n".encode())
            while not (head := stream.recv(4096)).endswith(b"\r\n\r\n"):
                sys.exit(f"no tunnel: {head!r}")
        stands = time.perf_counter() - started
        stream.sendall(b"go")
        left = TUNNEL_BYTES
        while left:
            data = stream.recv(1024 * 1024)
            if not data:
                sys.exit("bytes were lost")
            left -= len(data)
        return stands, time.perf_counter() - started


def measure_tunnels(address: str, through: str) -> tuple[float, float, float]:
    """Median seconds: direct, through the gateway, and until a tunnel stands; taken in turns."""
    take(address)
    take(address, through)
    pairs = [(take(address), take(address, through)) for _ in range(ROUNDS)]
    direct = statistics.median(first[1] for first, _ in pairs)
    tunnel = statistics.median(second[1] for _, second in pairs)
    return direct, tunnel, statistics.median(second[0] for _, second in pairs)


@contextmanager
def running(command: list[str], ready: Path) -> Iterator[str]:
    """A process that says its URL in a file."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while not ready.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            yield ready.read_text(encoding="utf-8")
        finally:
            process.terminate()


def ask(client: httpx.Client, text: str) -> tuple[float, float, int]:
    """Seconds to the first byte and to the last, and the number of deltas."""
    body = {"model": "claude-opus-5", "max_tokens": 1, "stream": True, "messages": [{"role": "user", "content": text}]}
    started = time.perf_counter()
    first, chunks = 0.0, []
    with client.stream("POST", "/v1/messages", json=body, headers={"x-api-key": "k"}) as response:
        for chunk in response.iter_raw():
            first = first or time.perf_counter() - started
            chunks.append(chunk)
    seconds = time.perf_counter() - started
    return first, seconds, b"".join(chunks).count(b"event: content_block_delta")


def measure(urls: list[str]) -> list[tuple[float, float]]:
    """For each URL the median seconds of a short answer's first byte, and of a long answer; taken in turns."""
    firsts: list[list[float]] = [[] for _ in urls]
    longs: list[list[float]] = [[] for _ in urls]
    with ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=120)) for url in urls]
        for client in clients:
            ask(client, "warm up")
        for _ in range(FIRST_BYTES):
            for client, seen in zip(clients, firsts, strict=True):
                seen.append(ask(client, "short")[0])
        for _ in range(ROUNDS):
            for client, seen in zip(clients, longs, strict=True):
                _, seconds, deltas = ask(client, "long")
                if deltas != DELTAS:
                    sys.exit("deltas were lost")
                seen.append(seconds)
    return [(statistics.median(first), statistics.median(long)) for first, long in zip(firsts, longs, strict=True)]


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        script = folder / "script.json"
        script.write_text(json.dumps(SCRIPT), encoding="utf-8")
        model = [*["-m", "jupyter_agent_host.scripted_model"], str(script), "--ready-file"]
        direct = stack.enter_context(running([*model, str(folder / "model")], folder / "model"))
        gateway = [__file__, "--gateway", direct, str(folder / "gateway")]
        through = stack.enter_context(running(gateway, folder / "gateway"))
        far = stack.enter_context(running([__file__, "--bytes", str(folder / "bytes")], folder / "bytes"))
        (first_direct, long_direct), (first_through, long_through) = measure([direct, through])
        plain, tunnel, stands = measure_tunnels(far, through)
    added = (first_through - first_direct) * 1000
    sys.stdout.write(
        f"{DELTAS} deltas, median of {ROUNDS}: direct {long_direct:.2f} s, gateway {long_through:.2f} s, "
        f"ratio {long_through / long_direct:.2f} (aim 1.2)\n"
        f"first byte, median of {FIRST_BYTES}: direct {first_direct * 1000:.1f} ms, "
        f"gateway {first_through * 1000:.1f} ms, added {added:.1f} ms (aim 5)\n"
        f"{TUNNEL_BYTES / MIB:.0f} MiB of a tunnel, median of {ROUNDS}: direct {plain:.2f} s, gateway {tunnel:.2f} s "
        f"({TUNNEL_BYTES / MIB / tunnel:.0f} MiB/s), ratio {tunnel / plain:.2f}; stands after {stands * 1000:.1f} ms\n"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--gateway"]:
        anyio.run(serve_gateway, *sys.argv[2:4])
    elif sys.argv[1:2] == ["--bytes"]:
        anyio.run(serve_bytes, sys.argv[2])
    else:
        main()
