"""Whatever a sandbox says to the gateway is a request with one framing, or a refusal: nothing can hide in a body."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from fuzz_profile import looking
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_agent_host.host.gateway.client_connection import ClientConnection, ConnectionGoneError, RequestHead
from jupyter_agent_host.host.gateway.egress.destination import Destination, read_absolute, read_authority
from jupyter_agent_host.host.gateway.egress.egress_refusal import EgressRefusal
from jupyter_agent_host.host.gateway.egress.http_forwarding import checked_path, request_headers
from jupyter_agent_host.host.gateway.gateway_limits import GatewayLimits
from jupyter_agent_host.host.gateway.gateway_refusal import Refusal

pytestmark = pytest.mark.timeout(600)

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
MOST_REQUESTS = 8
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"


class Bytes(ByteStream):
    """A stream that holds what a client sends, comes in pieces of one size, and keeps what the gateway answers."""

    extra_attributes: Mapping[Any, Callable[[], Any]] = {}

    def __init__(self, data: bytes, piece: int) -> None:
        self._data, self._piece = data, piece
        self.sent = b""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        size = min(max_bytes, self._piece)
        data, self._data = self._data[:size], self._data[size:]
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        self.sent += item

    async def send_eof(self) -> None:
        """Nothing to do."""

    async def aclose(self) -> None:
        """Nothing to do."""


def requests(data: bytes, piece: int) -> list[tuple[RequestHead, bytes]]:
    """The requests that the gateway takes out of these bytes, each answered at once."""

    async def read() -> list[tuple[RequestHead, bytes]]:
        connection = ClientConnection(Bytes(data, piece), GatewayLimits(tarpit_seconds=0))
        taken: list[tuple[RequestHead, bytes]] = []
        try:
            while (head := await connection.read_head()) is not None and len(taken) < MOST_REQUESTS:
                if head.method == b"CONNECT":
                    taken.append((head, b""))
                    break  # what follows is a tunnel's
                taken.append((head, await connection.read_body(head)))
                await connection.start(204, [])
                await connection.finish()
                if not connection.reuse():
                    break
        except Refusal as refusal:
            await connection.refuse(refusal)
        except ConnectionGoneError:
            pass
        return taken

    return anyio.run(read)


SPACE = st.sampled_from([b"", b" ", b"\t", b"  ", b"\x0b", b"\r\n "])
NAMES = st.sampled_from(
    [
        *(
            b"Content-Length",
            b"content-length",
            b"Content-Length ",
            b"Transfer-Encoding",
            b"Transfer_Encoding",
            b"Host",
        ),
        *(b"Transfer-Encoding\x0b", b"Connection", b"X", b"Content\r-Length", b"Expect", b"Upgrade"),
    ]
)
CONTENTS = st.sampled_from(
    [
        *(b"0", b"5", b"05", b"+5", b"5, 5", b"5,6", b"-1", b"0x5", b"5 5", b"\xb2", b"99999999999999999999"),
        *(b"chunked", b"identity", b"chunked, identity", b"xchunked", b"\x00chunked", b"close", b"x", b"100-continue"),
    ]
)
HEADERS = st.builds(
    lambda name, before, content, after, end: name + b":" + before + content + after + end,
    NAMES,
    SPACE,
    CONTENTS,
    SPACE,
    st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\n\r"]),
)
LINES = st.builds(
    lambda method, target, version, end: method + b" " + target + b" " + version + end,
    st.sampled_from([b"GET", b"POST", b"CONNECT", b"G\x00T", b"get", b"POST "]),
    st.sampled_from([b"/", b"/v1/messages", b"http://a.example/x", b"a.example:443", b"/\r\nX: y", b"*", b"/ /"]),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1 ", b"http/1.1", b"HTTP/0.9"]),
    st.sampled_from([b"\r\n", b"\n"]),
)
BODIES = st.sampled_from([b"", b"12345", b"0\r\n\r\n", b"5\r\n12345\r\n0\r\n\r\n", HIDDEN, b"0\r\n\r\n" + HIDDEN])
MESSAGES = st.builds(
    lambda line, headers, body: line + b"Host: x\r\n" + b"".join(headers) + b"\r\n" + body,
    LINES,
    st.lists(HEADERS, max_size=4),
    BODIES,
)


def check(taken: list[tuple[RequestHead, bytes]]) -> None:
    """One framing, no header that another server could take for a second one, and a body of just that length."""
    for head, body in taken:
        names = [name for name, _ in head.headers]
        assert b"transfer-encoding" not in names
        assert names.count(b"content-length") <= 1
        assert len(body) == head.length or head.method == b"CONNECT"
        assert all(TOKEN.fullmatch(name) for name in names)
        assert not any(mark in value for _, value in head.headers for mark in (b"\r", b"\n", b"\0"))
        assert not any(mark in head.target for mark in (b"\r", b"\n", b" ", b"\0"))


@looking
@given(st.binary(max_size=300), st.sampled_from([1, 7, 65536]))
@example(b"GET / HTTP/1.1\r\n\r\n", 1)
def test_any_bytes(data: bytes, piece: int) -> None:
    check(requests(data, piece))


@looking
@given(st.lists(MESSAGES, min_size=1, max_size=3), st.sampled_from([1, 7, 65536]))
@example(
    [b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN], 7
)
@example([b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345" + HIDDEN], 7)
def test_any_message(messages: list[bytes], piece: int) -> None:
    check(requests(b"".join(messages), piece))


@looking
@given(st.lists(MESSAGES, min_size=1, max_size=2), st.integers(1, 64))
def test_how_the_bytes_are_cut_makes_no_difference(messages: list[bytes], piece: int) -> None:
    data = b"".join(messages)
    assert requests(data, piece) == requests(data, 65536)


@looking
@given(st.integers(0, 40), BODIES)
def test_what_lies_in_a_body_is_no_request(length: int, rest: bytes) -> None:
    body = (HIDDEN + rest)[:length]
    data = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert [taken for _, taken in requests(data, 5)] == [body]


@looking
@given(MESSAGES)
def test_what_is_sent_on_has_one_host_and_nothing_of_the_connections_own(message: bytes) -> None:
    for head, _ in requests(message, 65536):
        sent = request_headers(head, Destination("a.example", 80))
        names = [name.lower() for name, _ in sent]
        assert names.count(b"host") == 1
        assert not {b"transfer-encoding", b"connection", b"upgrade", b"expect"} & set(names)


@looking
@given(st.binary(max_size=60) | st.builds(lambda rest: b"http://" + rest, st.binary(max_size=60)))
@example(b"http://a.example\\@b.example/")
@example(b"http://a.example:80#@b.example/")
def test_an_address_is_one_destination_or_none(target: bytes) -> None:
    try:
        destination, path = read_absolute(target)
        assert read_authority(str(destination).encode()) == destination
        assert checked_path(path) == path
    except EgressRefusal:
        return
    assert re.fullmatch(r"[a-z0-9._:-]+", destination.host), destination
    assert not any(mark in path for mark in (b" ", b"#", b"\r", b"\n", b"\0"))
