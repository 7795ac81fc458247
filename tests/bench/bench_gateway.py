"""What the gateway costs: the same 10 000 deltas straight from the scripted model, and through the gateway.

Run `python tests/bench/bench_gateway.py`. Model, gateway and client are processes of their own, as in real life. Aims:
streaming at most 1.2 times as long as direct, less than 5 ms added to the first byte.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import anyio.abc
import httpx

from jupyter_agent_host.host.gateway import Gateway, LedgerEntry
from jupyter_agent_host.host.settings import Credential, GatewaySettings

DELTAS = 10_000
ROUNDS = 3
FIRST_BYTES = 30
SCRIPT = {
    "rules": [{"when": {"prompt": "long"}, "say": f"{{words:{DELTAS}}}"}],
    "otherwise": {"say": "short"},
}


class _Scope:
    notebook_id = "bench"
    session_id = "bench"
    network = None

    async def admit(self, model: str) -> None:
        """Everything may go."""

    async def record(self, entry: LedgerEntry) -> None:
        """Nothing is kept."""


async def serve_gateway(upstream: str, ready: str) -> None:
    """The gateway on a loopback port, until it is ended."""
    settings = GatewaySettings(
        base_url=upstream, credential=Credential("api_key", "k"), max_requests_per_minute=1_000_000
    )
    async with Gateway(settings) as gateway, await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - no Django

        async def serve(stream: anyio.abc.ByteStream) -> None:
            await gateway.serve(stream, _Scope())

        await anyio.Path(ready + ".part").write_text(f"http://127.0.0.1:{port}", encoding="utf-8")
        await anyio.Path(ready + ".part").rename(ready)
        await listener.serve(serve)


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
        model = [*["-m", "jupyter_agent_host.testing.scripted_model"], str(script), "--ready-file"]
        direct = stack.enter_context(running([*model, str(folder / "model")], folder / "model"))
        gateway = [__file__, "--gateway", direct, str(folder / "gateway")]
        through = stack.enter_context(running(gateway, folder / "gateway"))
        (first_direct, long_direct), (first_through, long_through) = measure([direct, through])
    added = (first_through - first_direct) * 1000
    sys.stdout.write(
        f"{DELTAS} deltas, median of {ROUNDS}: direct {long_direct:.2f} s, gateway {long_through:.2f} s, "
        f"ratio {long_through / long_direct:.2f} (aim 1.2)\n"
        f"first byte, median of {FIRST_BYTES}: direct {first_direct * 1000:.1f} ms, "
        f"gateway {first_through * 1000:.1f} ms, added {added:.1f} ms (aim 5)\n"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--gateway"]:
        anyio.run(serve_gateway, *sys.argv[2:4])
    else:
        main()
