"""One plain-http request, carried to its server and back; both bodies as streams."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass

import anyio
import httpcore

from jupyter_agent_host.host.gateway.client_connection import ClientConnection, ConnectionGoneError, RequestHead
from jupyter_agent_host.host.gateway.egress.destination import Destination
from jupyter_agent_host.host.gateway.egress.dialer import Reached
from jupyter_agent_host.host.gateway.egress.egress_refusal import UNREACHABLE, EgressRefusal
from jupyter_agent_host.host.gateway.egress.httpcore_stream import WireStream
from jupyter_agent_host.host.gateway.gateway_limits import GatewayLimits

Headers = list[tuple[bytes, bytes]]

_HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings",
    }
)  # fmt: skip
_PATH = re.compile(rb"/[\x21\x24-\x7e\x22]*")
_LINE_BYTES = 8192


class Carried:
    """Counts the bytes of one exchange as they pass."""

    def __init__(self, count: Callable[[int], None]) -> None:
        self._count = count
        self.bytes_in = self.bytes_out = 0
        self.status = 0
        self.complete = False
        self.body_sent = anyio.Event()

    def out(self, size: int) -> None:
        self._count(size)
        self.bytes_out += size

    def into(self, size: int) -> None:
        self._count(size)
        self.bytes_in += size


def request_headers(head: RequestHead, destination: Destination) -> Headers:
    """The client's end-to-end headers with a `Host` of our own (RFC 9110, 7.6.1)."""
    dropped = _HOP_BY_HOP | _named_by_connection(head.headers) | {b"host", b"expect"}
    host = str(destination) if destination.port != 80 else str(destination).rpartition(":")[0]  # noqa: PLR2004 - http's
    return [(b"Host", host.encode("ascii")), *(pair for pair in head.headers if pair[0] not in dropped)]


def response_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """The server's end-to-end headers."""
    pairs = [(name.lower(), value) for name, value in headers]
    dropped = _HOP_BY_HOP | _named_by_connection(pairs) | {b"proxy-status"}
    return [(name.decode("ascii"), value.decode("latin-1")) for name, value in pairs if name not in dropped]


def checked_path(path: bytes) -> bytes:
    """The path and query, if it can stand in a request line as it is.

    Raises:
        EgressRefusal: it cannot.
    """
    if len(path) > _LINE_BYTES or not _PATH.fullmatch(path):
        raise EgressRefusal("target", "The address's path cannot be used: it holds odd characters.", status=400)
    return path


@dataclass(frozen=True)
class Wish:
    """What a client asks of a server: its request, read that far."""

    head: RequestHead
    destination: Destination
    path: bytes


async def forward(
    connection: ClientConnection, wish: Wish, reached: Reached, carried: Carried, bounds: GatewayLimits
) -> None:
    """Send the request over a dialled connection and give the client the answer; closes that connection.

    Raises:
        EgressRefusal: the server gave no acceptable answer, or a limit was met before one began.
        ConnectionGoneError: the client went away, or the answer broke off.
    """
    head, destination = wish.head, wish.destination
    origin = httpcore.Origin(b"http", destination.host.encode("ascii"), destination.port)
    async with httpcore.AsyncHTTP11Connection(origin, WireStream(reached.stream)) as http:
        request = httpcore.Request(
            head.method,
            httpcore.URL(scheme=b"http", host=origin.host, port=origin.port, target=wish.path),
            headers=request_headers(head, destination),
            content=body(connection, head, carried) if head.length else None,
            extensions={"timeout": {"read": bounds.read_seconds, "write": bounds.write_seconds}},
        )
        try:
            response = await http.handle_async_request(request)
        except httpcore.RemoteProtocolError as err:
            raise _broke(destination, "its answer is not acceptable HTTP") from err
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.LocalProtocolError) as err:
            raise _broke(destination, "the connection broke") from err
        headers = response_headers(response.headers)
        await relay(connection, response, headers, carried)


async def body(connection: ClientConnection, head: RequestHead, carried: Carried) -> AsyncGenerator[bytes, None]:
    """The client's body, counted."""
    async with aclosing(connection.body_chunks(head)) as chunks:
        async for chunk in chunks:
            carried.out(len(chunk))
            yield chunk
    carried.body_sent.set()


async def relay(
    connection: ClientConnection,
    response: httpcore.Response,
    headers: list[tuple[str, str]],
    carried: Carried,
    change: Callable[[bytes, bool], bytes] = lambda data, _last: data,
) -> None:
    """Give the client the answer as it comes. `change` sees each piece, and an empty last one.

    Raises:
        ConnectionGoneError: the client went away, or the answer broke off.
        EgressRefusal: a limit was met.
    """
    carried.status = response.status
    await connection.start(response.status, headers)
    try:
        async for chunk in response.aiter_stream():
            carried.into(len(chunk))
            if data := change(chunk, False):
                await connection.send(data)
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as err:
        raise ConnectionGoneError from err
    finally:
        with anyio.CancelScope(shield=True):
            await response.aclose()
    if last := change(b"", True):
        await connection.send(last)
    carried.complete = True
    await connection.finish()


def _named_by_connection(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    values = [value for name, value in headers if name == b"connection"]
    return frozenset(token.strip().lower() for value in values for token in value.split(b","))


def _broke(destination: Destination, why: str) -> EgressRefusal:
    return EgressRefusal("broken", f"{destination} did not answer properly: {why}.", status=UNREACHABLE)
