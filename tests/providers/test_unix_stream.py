"""Streams over a unix socket, and what stands in their way."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import anyio.abc
import anyio.lowlevel
import pytest

from jupyter_agent_host.errors import ConfigError, SandboxGoneError
from jupyter_agent_host.sandbox.unix_stream import connect_unix

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jt-") as name:
        yield Path(name)


async def test_a_listening_socket_is_reached(folder: Path) -> None:
    async with await anyio.create_unix_listener(folder / "s") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, _greet)
        async with await connect_unix(folder / "s", provider="x") as stream:
            assert await stream.receive() == b"hello"
        tasks.cancel_scope.cancel()


async def test_a_link_to_a_socket_is_not_followed(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "s")
    async with await anyio.create_unix_listener(folder / "s"):
        with pytest.raises(SandboxGoneError, match="not a socket"):
            await connect_unix(folder / "link", provider="x")


async def test_nobody_there_is_a_sandbox_that_is_gone(folder: Path) -> None:
    for name in ("missing", "closed", "."):
        if name == "closed":
            await (await anyio.create_unix_listener(folder / name)).aclose()
        with pytest.raises(SandboxGoneError) as caught:
            await connect_unix(folder / name, provider="x")
        assert caught.value.provider == "x"
        assert caught.value.retryable


async def test_a_long_path_is_said_before_the_kernel_cuts_it(folder: Path) -> None:
    with pytest.raises(ConfigError, match="XDG_RUNTIME_DIR"):
        await connect_unix(folder / ("x" * 100), provider="x")


async def _greet(stream: anyio.abc.SocketStream) -> None:
    async with stream:
        await stream.send(b"hello")


async def test_a_cancelled_receive_leaves_nothing_behind(folder: Path) -> None:
    """Data that comes in the very moment of a cancellation is neither lost nor an error of the event loop."""
    inside: list[anyio.abc.SocketStream] = []
    async with await anyio.create_unix_listener(folder / "s") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, _keep(inside))
        async with await connect_unix(folder / "s", provider="x") as stream:
            with anyio.fail_after(20):
                while not inside:  # noqa: ASYNC110 - a list has no event
                    await anyio.sleep(0.001)
                received: list[bytes] = []
                for number in range(200):
                    async with anyio.create_task_group() as pair:
                        pair.start_soon(_receive_into, stream, received)
                        await anyio.lowlevel.checkpoint()
                        await inside[0].send(bytes([number]))
                        await anyio.lowlevel.checkpoint()  # the loop looks at the socket next
                        pair.cancel_scope.cancel()
                while len(b"".join(received)) < 200:
                    received.append(await stream.receive())
        group.cancel_scope.cancel()
    assert b"".join(received) == bytes(range(200))


def _keep(inside: list[anyio.abc.SocketStream]) -> Callable[[anyio.abc.SocketStream], Awaitable[None]]:
    async def keep(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            inside.append(stream)
            await anyio.sleep_forever()

    return keep


async def _receive_into(stream: anyio.abc.ByteStream, box: list[bytes]) -> None:
    while True:
        box.append(await stream.receive())
