"""The way out as a client inside meets it: real sockets, a real gateway, a world of our own outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc
import pytest
from anyio.abc import SocketAttribute
from gateway_door import Answer, Door, Ledger, open_door
from outside_world import PUBLIC, World

from jupyter_agent_host.host.gateway import GatewayLimits
from jupyter_agent_host.host.gateway.egress import Destination, EgressRecord, EgressRefusal, Permitted

pytestmark = pytest.mark.anyio


@dataclass
class OpenNetwork:
    """A notebook that may reach some names, whatever their addresses; keeps what it is told."""

    names: frozenset[str] = frozenset({"a.example", "rebound.example", "inside.example", "mixed.example", str(PUBLIC)})
    most_bytes: int = 10**9
    records: list[EgressRecord] = field(default_factory=list)
    companys_own: bool = False
    moved: int = 0
    open: int = 0
    dialling: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(8))

    async def permit(self, destination: Destination) -> Permitted:
        if destination.host in self.names or destination.address is not None:
            return Permitted("test", companys_own=self.companys_own)
        raise EgressRefusal("network_off", f"Network access to {destination} is off.")

    async def permit_service(self, name: str, use: str, destination: Destination) -> Permitted:
        return Permitted(f"service {name}")

    def count(self, size: int) -> None:
        self.moved += size
        if self.moved > self.most_bytes:
            raise EgressRefusal("max_network_bytes", "Too much.", status=429)

    def open_one(self) -> None:
        self.open += 1

    def close_one(self) -> None:
        self.open -= 1

    async def record(self, record: EgressRecord) -> None:
        self.records.append(record)

    async def wait(self, count: int) -> None:
        with anyio.fail_after(10):
            while len(self.records) < count:  # noqa: ASYNC110 - a list has no event
                await anyio.sleep(0.005)


@dataclass
class Rig:
    door: Door
    network: OpenNetwork
    world: World
    seen: list[bytes]

    async def connect(self, target: str, *, extra: str = "") -> tuple[anyio.abc.SocketStream, bytes]:
        stream = await anyio.connect_tcp("127.0.0.1", self.door.port)
        await stream.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{extra}\r\n".encode())
        return stream, await until(stream, b"\r\n\r\n")

    async def refused(self, target: str) -> str:
        stream, head = await self.connect(target)
        await stream.aclose()
        return head.split(b"\r\n", 1)[0].decode()

    async def get(self, target: str, *, headers: str = "", method: str = "GET", body: bytes = b"") -> Answer:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {target} HTTP/1.1\r\nHost: ignored.example\r\n{length}{headers}\r\n".encode("latin-1")
        (answer,) = await self.door.raw(head + body, method=method)
        return answer


async def until(stream: anyio.abc.ByteStream, mark: bytes) -> bytes:
    received = b""
    with anyio.fail_after(10), suppress(anyio.EndOfStream):
        while mark not in received:
            received += await stream.receive()
    return received


@asynccontextmanager
async def rig(
    serve: Any = None, *, bounds: GatewayLimits | None = None, network: OpenNetwork | None = None
) -> AsyncIterator[Rig]:
    """The gateway, and `a.example:443` and `:80` outside, which is `serve` (an echo without one)."""
    seen: list[bytes] = []

    async def echo(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    data = await stream.receive()
                    seen.append(data)
                    await stream.send(data)

    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            seen.append(await until(stream, b"\r\n\r\n"))
            with suppress(anyio.BrokenResourceError):
                await serve(stream)

    network, world = network or OpenNetwork(), World()
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, answer if serve else echo)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django
        for outside in (443, 80):
            world.put("a.example", outside, port)
        async with open_door(ledger=Ledger(network=network), bounds=bounds, outside=world) as door:
            yield Rig(door, network, world, seen)
        group.cancel_scope.cancel()


async def test_a_tunnel_carries_bytes_both_ways_and_is_recorded() -> None:
    async with rig() as here:
        stream, head = await here.connect("A.example.:443")
        assert head == b"HTTP/1.1 200 Connection established\r\n\r\n"
        async with stream:
            for size in (1, 1000, 300_000):
                await stream.send(b"x" * size)
                received = 0
                while received < size:
                    received += len(await stream.receive())
        await here.network.wait(1)
        (record,) = here.network.records
        assert (record.verdict, record.via, record.address) == ("allowed", "connect", str(PUBLIC))
        assert str(record.destination) == "a.example:443"
        assert record.bytes_in == record.bytes_out == 301_001 == here.network.moved // 2
        assert here.network.open == 0


async def test_bytes_sent_before_the_tunnel_stands_arrive() -> None:
    async with rig() as here:
        stream = await anyio.connect_tcp("127.0.0.1", here.door.port)
        async with stream:
            await stream.send(b"CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\nearly")
            assert (await until(stream, b"early")).endswith(b"\r\n\r\nearly")


async def test_refusals_are_sentences_where_tools_look() -> None:
    async with rig() as here:
        stream, head = await here.connect("b.example:443")
        async with stream:
            assert head.startswith(b"HTTP/1.1 403 Network access to b.example:443 is off.\r\n")
            assert b'proxy-status: agent-host; error=http_request_denied; details="Network access' in head
        answer = await here.get("http://b.example/")
        assert (answer.status, answer.body) == (403, b"Network access to b.example:80 is off.\n")
        await here.network.wait(2)
        assert [(record.verdict, record.rule) for record in here.network.records] == [("denied", "network_off")] * 2
        assert here.world.asked == [], "a refused name must not be looked up: its question could carry data"


async def test_addresses_that_are_not_outside_are_refused_whatever_the_name_says() -> None:
    async with rig() as here:
        here.world.names["inside.example"] = [["10.0.0.1", "169.254.169.254", "::1"]]
        here.world.names["mixed.example"] = [["192.168.0.1", str(PUBLIC)]]
        assert "inside.example is a private or reserved address" in await here.refused("inside.example:443")
        for literal in ("127.0.0.1:80", "[::1]:80", "[::ffff:169.254.169.254]:80", "169.254.169.254:80"):
            assert "403" in await here.refused(literal)
            assert (await here.get(f"http://{literal}/latest/meta-data")).status == 403
        stream, head = await here.connect("mixed.example:443")
        await stream.aclose()
        assert head.startswith(b"HTTP/1.1 200"), "the public address of a name with several will do"
        assert [name for name in here.world.asked if ":" in name] == [f"{PUBLIC}:443"], "nothing else was dialled"


async def test_a_name_that_changes_its_address_gains_nothing() -> None:
    async with rig() as here:
        here.world.names["rebound.example"] = [[str(PUBLIC)], ["127.0.0.1"]]
        stream, head = await here.connect("rebound.example:443")
        await stream.aclose()
        assert head.startswith(b"HTTP/1.1 200")
        assert here.world.asked == ["rebound.example", f"{PUBLIC}:443"], "looked up once, dialled as checked"
        assert "loopback" in await here.refused("rebound.example:443")


async def test_a_companys_own_host_is_reached_only_where_it_is_named() -> None:
    async with rig(network=OpenNetwork(companys_own=True)) as here:
        here.world.put("inside.example", 443, here.world.ports[str(PUBLIC), 443], "10.0.0.1")
        stream, head = await here.connect("inside.example:443")
        await stream.aclose()
        assert head.startswith(b"HTTP/1.1 200")
        here.world.names["inside.example"] = [["127.0.0.1"]]
        assert "loopback" in await here.refused("inside.example:443")


@pytest.mark.parametrize(
    "target", ["127.1:80", "2130706433:80", "0x7f.1:80", "a.example@127.0.0.1:80", "a.example:443:80", "a.example"]
)
async def test_smuggled_destinations_are_refused(target: str) -> None:
    async with rig() as here:
        assert "400" in await here.refused(target)
        assert here.world.asked == []


async def test_what_cannot_be_reached_is_said() -> None:
    async with rig() as here:
        assert "502 rebound.example:443 cannot be reached: there is no such name" in await here.refused(
            "rebound.example:443"
        )
        assert "nothing answers there" in await here.refused("a.example:99")
        await here.network.wait(2)
        assert [record.verdict for record in here.network.records] == ["failed", "failed"]


async def test_plain_http_goes_through_with_its_own_host_and_without_hop_by_hop_headers() -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        await stream.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x-hop\r\nX-Hop: 1\r\nX-Kept: 2\r\n"
            b"Keep-Alive: 5\r\nLocation: http://169.254.169.254/\r\n\r\nok"
        )

    async with rig(answer) as here:
        headers = "Connection: x-mine\r\nX-Mine: 1\r\nProxy-Authorization: Basic eA==\r\nUpgrade: h2c\r\nX-Seen: 2\r\n"
        reply = await here.get("http://A.example/path?q=1#f", headers=headers)
        assert (reply.status, reply.body) == (200, b"ok")
        assert "x-kept: 2" in reply.headers
        assert "x-hop" not in reply.headers
        assert "169.254" in reply.headers, "a redirect is the client's to follow, and comes back here"
        lines = here.seen[0].decode().lower().split("\r\n")
        assert lines[:2] == ["get /path?q=1 http/1.1", "host: a.example"]
        assert "x-seen: 2" in lines
        assert not [line for line in lines if line.startswith(("x-mine", "proxy-", "upgrade", "connection: x"))]


async def test_headers_in_any_letters_go_through() -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Disposition: attachment; filename=Café\r\n\r\nok"
        await stream.send(head.encode())

    async with rig(answer) as here:
        reply = await here.get("http://a.example/menu")
        assert (reply.status, reply.body) == (200, b"ok")
        assert "filename=Café" in reply.headers.encode("latin-1").decode()


async def test_a_body_goes_out_and_is_counted() -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        received = len(here.seen[0].partition(b"\r\n\r\n")[2])
        while received < 200_000:
            received += len(await stream.receive())
        await stream.send(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    async with rig(answer) as here:
        reply = await here.get("http://a.example/up", method="PUT", body=b"y" * 200_000)
        assert reply.status == 201
        await here.network.wait(1)
        assert here.network.records[0].bytes_out == 200_000


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: own\r\nConnection: upgrade\r\n\r\nanything",
    ],
)
async def test_a_server_that_breaks_http_is_the_end_of_one_request(
    garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        await stream.send(garbage)

    async with rig(answer) as here:
        assert (await here.get("http://a.example/")).status == 502
        assert not [record for record in caplog.records if record.exc_info], "nothing from outside is a defect of ours"
        assert (await here.door.post({"model": "claude-x", "max_tokens": 1, "messages": []})).status_code == 200


async def test_a_tunnel_ends_when_the_days_bytes_are_used_up() -> None:
    async with rig(network=OpenNetwork(most_bytes=5000)) as here:
        stream, _ = await here.connect("a.example:443")
        async with stream:
            with suppress(anyio.BrokenResourceError, anyio.EndOfStream):
                with anyio.fail_after(10):
                    while True:
                        await stream.send(b"z" * 1000)
                        await stream.receive()
        await here.network.wait(1)
        assert here.network.records[0].rule == "test; ended by max_network_bytes"


async def test_silent_and_half_closed_tunnels_end() -> None:
    async with rig(bounds=GatewayLimits(tunnel_idle_seconds=0.3, half_closed_seconds=0.2)) as here:
        silent, _ = await here.connect("a.example:443")
        half, _ = await here.connect("a.example:443")
        await half.send(b"last words")
        await half.send_eof()
        assert await until(half, b"last words") == b"last words", "the other direction goes on"
        with pytest.raises(anyio.EndOfStream):
            with anyio.fail_after(10):
                await silent.receive()
        await silent.aclose()
        await half.aclose()
        await here.network.wait(2)
        assert "idle" in {record.rule.rpartition(" ")[2] for record in here.network.records}


async def test_a_reader_that_stops_holds_its_sender_and_nobody_else() -> None:
    """Back-pressure: what is held between a fast server and a client that does not read is a few buffers."""
    sent = 0

    async def flood(stream: anyio.abc.SocketStream) -> None:
        nonlocal sent
        while sent < 200_000_000:
            await stream.send(b"f" * 65536)
            sent += 65536

    async with rig(flood) as here:
        stream, _ = await here.connect("a.example:443")
        await stream.send(b"go\r\n\r\n")
        before = -1
        with anyio.fail_after(20):
            while before != sent or not sent:
                before = sent
                await anyio.sleep(0.3)
        assert sent < 50_000_000
        assert (await here.door.post({"model": "claude-x", "max_tokens": 1, "messages": []})).status_code == 200
        await stream.aclose()
        await here.network.wait(1)
        assert here.network.open == 0


async def test_a_client_that_leaves_while_a_person_thinks_is_noticed() -> None:
    class Slow(OpenNetwork):
        async def permit(self, destination: Destination) -> Permitted:
            await anyio.sleep_forever()
            raise AssertionError

    async with rig(network=Slow()) as here:
        stream = await anyio.connect_tcp("127.0.0.1", here.door.port)
        await stream.send(b"CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n")
        with anyio.fail_after(10):
            while not here.network.open:  # noqa: ASYNC110 - a counter has no event
                await anyio.sleep(0.005)
        await stream.aclose()
        await here.network.wait(1)
        assert here.network.open == 0
