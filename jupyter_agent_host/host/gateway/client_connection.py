"""One client connection: an HTTP/1.1 server over raw bytes from a hostile sandbox."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.abc
import h11

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.gateway.gateway_limits import KIB, GatewayLimits
from jupyter_agent_host.host.gateway.gateway_refusal import Refusal, malformed

_READ_BYTES = 64 * KIB
_READ_AHEAD_BYTES = 64 * KIB
_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError, AgentHostError)
"""How streams of any provider say that the other side is gone; a timeout is an OSError."""


class ConnectionGoneError(Exception):
    """The client is gone, silent, or not reading: nothing more can be told to it."""


@dataclass(frozen=True)
class RequestHead:
    """A request's line and headers. `length` is its body's, checked to be the only framing."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    length: int


class ClientConnection:
    """Reads requests one after the other and writes their answers.

    Every wait is bounded (`GatewayLimits`); what breaks HTTP is a `Refusal`, after which the connection must be closed.
    """

    def __init__(self, stream: anyio.abc.ByteStream, bounds: GatewayLimits) -> None:
        self._stream = stream
        self._bounds = bounds
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=bounds.header_bytes)
        self._ahead = bytearray()
        self._ended = False
        self._is_head = False

    async def read_head(self) -> RequestHead | None:
        """The next request's head; None when the client ended the connection, or was idle for too long.

        Raises:
            Refusal: it is not acceptable HTTP.
            ConnectionGoneError: it broke off or came too slowly.
        """
        if not self._ahead and not await self._first_bytes():
            return None
        with anyio.move_on_after(self._bounds.header_seconds):
            event = await self._next_event()
            if not isinstance(event, h11.Request):
                return None
            self._is_head = event.method == b"HEAD"
            return _checked_head(event)
        raise malformed("The request's headers came too slowly.", status=408)

    async def read_body(self, head: RequestHead) -> bytes:
        """The body of that request; its length was checked by the caller.

        Raises:
            Refusal: it came too slowly.
            ConnectionGoneError: it broke off.
        """
        body = bytearray()
        with anyio.move_on_after(self._bounds.body_seconds):
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            while isinstance(event := await self._next_event(), h11.Data):
                body += event.data
            if len(body) == head.length:
                return bytes(body)
            raise ConnectionGoneError
        raise malformed("The request's body came too slowly.", status=408)

    async def body_chunks(self, head: RequestHead) -> AsyncGenerator[bytes, None]:
        """The body of that request piece by piece, never slower than `GatewayLimits.idle_seconds` a piece.

        Raises:
            Refusal: it came too slowly.
            ConnectionGoneError: it broke off.
        """
        if self._http.they_are_waiting_for_100_continue:
            await self._write(h11.InformationalResponse(status_code=100, headers=[]))
        left = head.length
        while True:
            event: Any = None
            with anyio.move_on_after(self._bounds.idle_seconds):
                event = await self._next_event()
            if event is None:
                raise malformed("The request's body came too slowly.", status=408)
            if not isinstance(event, h11.Data):
                break
            left -= len(event.data)
            yield bytes(event.data)
        if left:
            raise ConnectionGoneError

    async def become_tunnel(self) -> tuple[anyio.abc.ByteStream, bytes]:
        """Say that the CONNECT asked for stands: the raw stream from now on, and what came of it already.

        Only after a CONNECT request; nothing else can be done with this connection then.
        """
        while self._http.next_event() is not h11.PAUSED:
            pass
        await self._send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        ahead = bytes(self._http.trailing_data[0]) + bytes(self._ahead)
        self._ahead.clear()
        return self._stream, ahead

    async def start(self, status: int, headers: list[tuple[str, str]], *, reason: bytes = b"") -> None:
        """Send the answer's head; the body follows in chunks unless `headers` hold its length.

        Values are written as latin-1, in which servers' bytes of any encoding come through as they were.
        """
        raw = [(name.encode("ascii"), value.encode("latin-1", "replace")) for name, value in headers]
        await self._write(h11.Response(status_code=status, headers=raw, reason=reason))

    async def send(self, data: bytes) -> None:
        await self._write(h11.Data(data=data))

    async def finish(self) -> None:
        await self._write(h11.EndOfMessage())

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal, whole. Has no effect once an answer was begun."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        body = refusal.body()
        reusable = self._http.their_state is h11.DONE
        closing = [] if reusable else [("connection", "close")]
        headers = [*refusal.headers(), ("content-length", str(len(body))), *closing]
        await self.start(refusal.status, headers, reason=refusal.reason)
        if not self._is_head:
            await self.send(body)
        await self.finish()

    async def wait_gone(self) -> None:
        """Return when the client goes away. What it sends meanwhile is kept for later, up to a bound."""
        while not self._ended and len(self._ahead) < _READ_AHEAD_BYTES:
            self._ahead += await self._receive()
        if not self._ended:
            await anyio.sleep_forever()

    def reuse(self) -> bool:
        """Make ready for another request; False if this connection is at its end."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        trailing = self._http.trailing_data[0]
        return bool(trailing or self._ahead or not self._ended)

    async def linger(self) -> None:
        """Read on for a moment, so that a refusal reaches a client that is still sending."""
        if self._http.our_state is h11.SEND_BODY:
            return  # an answer broke off: the sooner the client knows, the sooner it asks again
        with anyio.move_on_after(1.0):
            while not self._ended:
                await self._receive()

    async def _first_bytes(self) -> bool:
        if self._http.trailing_data[0]:
            return True
        with anyio.move_on_after(self._bounds.idle_seconds):
            self._ahead += await self._receive()
        return bool(self._ahead)

    async def _next_event(self) -> Any:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                if self._ahead:
                    data = bytes(self._ahead)
                    self._ahead.clear()
                else:
                    data = await self._receive()
                self._http.receive_data(data)
        except h11.RemoteProtocolError as err:
            if self._ended:
                raise ConnectionGoneError from err
            raise malformed(f"Not an acceptable HTTP request: {err}", status=err.error_status_hint) from err
        return event

    async def _receive(self) -> bytes:
        """More bytes; empty at the end."""
        if self._ended:
            return b""
        try:
            return await self._stream.receive(_READ_BYTES)
        except (anyio.EndOfStream, *_BROKEN):
            self._ended = True
            return b""

    async def _write(self, event: Any) -> None:
        if data := self._http.send(event):
            await self._send(data)

    async def _send(self, data: bytes) -> None:
        try:
            with anyio.fail_after(self._bounds.write_seconds):
                await self._stream.send(data)
        except _BROKEN as err:
            self._ended = True
            raise ConnectionGoneError from err


def _checked_head(request: h11.Request) -> RequestHead:
    if request.http_version not in (b"1.0", b"1.1"):
        raise malformed("Only HTTP/1.1 is spoken here.", status=505)
    names = [name for name, _ in request.headers]
    if b"transfer-encoding" in names:
        # One framing only. It also spares the host a flood of one-byte chunks.
        raise malformed("Send the request's body with a Content-Length, not in chunks.", status=411)
    lengths = [value for name, value in request.headers if name == b"content-length"]
    if len(lengths) > 1:
        raise malformed("The request has more than one Content-Length.")
    return RequestHead(
        method=bytes(request.method),
        target=bytes(request.target),
        headers=tuple((bytes(name), bytes(value)) for name, value in request.headers),
        length=int(lengths[0]) if lengths else 0,
    )
