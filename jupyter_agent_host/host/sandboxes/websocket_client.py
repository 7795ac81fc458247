"""A WebSocket client over any byte stream (RFC 6455, by the `websockets` library's sans-I/O protocol).

A provider's stream may be a unix socket, an exec relay or a published port; the host speaks the same over all.
"""

from __future__ import annotations

from collections import deque

import anyio
from anyio.abc import ByteStream
from websockets.client import ClientProtocol
from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from jupyter_agent_host.errors import ProtocolError, SandboxGoneError
from jupyter_agent_host.protocol.limits import MAX_FRAME_BYTES

_READ_BYTES = 256 * 1024
_HANDSHAKE_SECONDS = 15


class WebSocket:
    """One open connection. One task may receive while others send; sends are serialised."""

    def __init__(self, stream: ByteStream, protocol: ClientProtocol) -> None:
        self._stream = stream
        self._protocol = protocol
        self._send_lock = anyio.Lock()
        self._messages: deque[bytes] = deque()
        self._parts: list[bytes] = []
        self._ended = False

    @classmethod
    async def dial(cls, stream: ByteStream, path: str, token: str, *, max_bytes: int = MAX_FRAME_BYTES) -> WebSocket:
        """Upgrade the stream. It is closed when this fails.

        Raises:
            ProtocolError: the other side refused or does not speak WebSocket.
            SandboxGoneError: the stream ended.
            TimeoutError: no answer to the handshake within 15 seconds.
        """
        protocol = ClientProtocol(parse_uri(f"ws://runner{path}"), max_size=max_bytes)
        request = protocol.connect()
        request.headers["Authorization"] = f"Bearer {token}"
        protocol.send_request(request)
        socket = cls(stream, protocol)
        try:
            with anyio.fail_after(_HANDSHAKE_SECONDS):
                await socket._flush()
                while not await socket._pump():
                    pass
        except BaseException:
            await anyio.aclose_forcefully(stream)
            raise
        return socket

    async def send_text(self, data: bytes) -> None:
        """Send one text message. Raises `SandboxGoneError` when the connection is closed."""
        async with self._send_lock:
            self._guard_open()
            self._protocol.send_text(data)
            await self._flush()

    async def send_bytes(self, data: bytes) -> None:
        """Send one binary message. Raises `SandboxGoneError` when the connection is closed."""
        async with self._send_lock:
            self._guard_open()
            self._protocol.send_binary(data)
            await self._flush()

    async def receive(self) -> bytes:
        """The next whole message, text as UTF-8 bytes.

        Raises:
            anyio.EndOfStream: the other side closed.
            ProtocolError: it broke the protocol or a size limit; the connection is closed.
        """
        while not self._messages:
            if self._ended:
                raise anyio.EndOfStream
            await self._pump()
        return self._messages.popleft()

    async def aclose(self) -> None:
        """Say goodbye if that is still possible within a second, then close the stream. Idempotent."""
        self._ended = True
        with anyio.move_on_after(1, shield=True):
            async with self._send_lock:
                try:
                    self._protocol.send_close()
                    await self._flush()
                except (WebSocketException, SandboxGoneError):
                    pass  # already closed, or the stream is gone: nobody is left to tell
        await anyio.aclose_forcefully(self._stream)

    def _guard_open(self) -> None:
        if self._ended or self._protocol.state is not State.OPEN:
            raise SandboxGoneError("The connection to the sandbox is closed.")

    async def _flush(self) -> None:
        try:
            for data in self._protocol.data_to_send():
                if data:
                    await self._stream.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as err:
            self._ended = True
            raise SandboxGoneError("The connection to the sandbox broke.") from err

    async def _pump(self) -> bool:
        """Read once; True when the handshake is complete."""
        try:
            data = await self._stream.receive(_READ_BYTES)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            self._ended = True
            if self._protocol.state is State.CONNECTING:
                raise SandboxGoneError("The sandbox closed the connection before answering.") from None
            self._protocol.receive_eof()
            return False
        self._protocol.receive_data(data)
        shaken = self._take_events()
        if self._protocol.parser_exc is not None:
            self._ended = True
            raise ProtocolError(f"The sandbox broke the WebSocket protocol: {self._protocol.parser_exc}")
        async with self._send_lock:
            await self._flush_quietly()
        return shaken

    async def _flush_quietly(self) -> None:
        try:
            await self._flush()
        except SandboxGoneError:
            self._ended = True  # pongs and close answers have no reader any more; receive() reports the end

    def _take_events(self) -> bool:
        shaken = False
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                if self._protocol.handshake_exc is not None:
                    raise ProtocolError(f"The sandbox refused the connection: {self._protocol.handshake_exc}")
                shaken = True
            elif isinstance(event, Frame):
                self._take_frame(event)
        return shaken

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if frame.fin:
                self._messages.append(b"".join(self._parts))
                self._parts.clear()
        elif frame.opcode is Opcode.CLOSE:
            self._ended = True


class CarryStream(ByteStream):
    """A WebSocket's binary messages as a byte stream: one connection from inside a sandbox to the way out."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._rest = b""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Bytes from inside. Raises `anyio.EndOfStream` at the end."""
        while not self._rest:
            self._rest = await self._socket.receive()
        data, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
        return data

    async def send(self, item: bytes) -> None:
        """Bytes to the inside. Raises `anyio.BrokenResourceError` when it is gone."""
        try:
            await self._socket.send_bytes(item)
        except SandboxGoneError as err:
            raise anyio.BrokenResourceError from err

    async def send_eof(self) -> None:
        """A WebSocket has no half-close: the whole connection ends."""
        await self._socket.aclose()

    async def aclose(self) -> None:
        await self._socket.aclose()
