"""The WebSocket client against the library's own server, over a real unix socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import anyio
import anyio.abc
import pytest
from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.http11 import Request, Response

from jupyter_agent_host.errors import ProtocolError, SandboxGoneError
from jupyter_agent_host.host.sandboxes.websocket_client import CarryStream, WebSocket

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def dialled(
    folder: Path, serve: object, token: str = "secret", max_bytes: int = 1000
) -> AsyncIterator[WebSocket]:
    def check(connection: ServerConnection, request: Request) -> Response | None:
        if request.headers["Authorization"] != "Bearer secret":
            return connection.respond(HTTPStatus.UNAUTHORIZED, "no")
        return None

    path = str(folder / "s")
    async with unix_serve(serve, path, process_request=check, compression=None):  # type: ignore[arg-type]
        socket = await WebSocket.dial(await anyio.connect_unix(path), "/control", token, max_bytes=max_bytes)
        try:
            yield socket
        finally:
            await socket.aclose()


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def test_messages_go_both_ways_in_order(tmp_path: Path) -> None:
    async with dialled(tmp_path, echo) as socket:
        for text in ("a", "é", "c" * 900):
            await socket.send_text(text.encode())
        assert [await socket.receive() for _ in range(3)] == [b"a", "é".encode(), b"c" * 900]


async def test_fragments_are_joined(tmp_path: Path) -> None:
    async def fragments(connection: ServerConnection) -> None:
        await connection.send(["one ", "two ", "three"])
        await connection.wait_closed()

    async with dialled(tmp_path, fragments) as socket:
        assert await socket.receive() == b"one two three"


async def test_a_message_over_the_limit_ends_the_connection(tmp_path: Path) -> None:
    async def flood(connection: ServerConnection) -> None:
        await connection.send(b"x" * 2000)
        await connection.wait_closed()

    with pytest.raises(ProtocolError, match="broke"):  # it may arrive with the handshake or after it
        async with dialled(tmp_path, flood) as socket:
            await socket.receive()


async def test_a_wrong_token_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="refused"):
        async with dialled(tmp_path, echo, token="wrong"):
            pass


async def test_the_end_is_seen_by_reader_and_writer(tmp_path: Path) -> None:
    async def hang_up(connection: ServerConnection) -> None:
        await connection.close()

    async with dialled(tmp_path, hang_up) as socket:
        with pytest.raises(anyio.EndOfStream):
            await socket.receive()
        with pytest.raises(SandboxGoneError):
            await socket.send_text(b"late")


async def test_a_carry_is_a_byte_stream(tmp_path: Path) -> None:
    async with dialled(tmp_path, echo) as socket:
        stream = CarryStream(socket)
        await stream.send(b"0123456789")
        assert await stream.receive(4) == b"0123"
        assert await stream.receive(100) == b"456789"


async def test_a_peer_that_hangs_up_before_answering_is_gone_at_once(tmp_path: Path) -> None:
    listener = await anyio.create_unix_listener(tmp_path / "s")

    async def hang_up(stream: anyio.abc.SocketStream) -> None:
        await stream.receive()
        await stream.aclose()

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, hang_up)
        with anyio.fail_after(5), pytest.raises(SandboxGoneError, match="before answering"):
            await WebSocket.dial(await anyio.connect_unix(tmp_path / "s"), "/control", "secret")
        tasks.cancel_scope.cancel()
