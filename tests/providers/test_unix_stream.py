"""Streams over a unix socket, and what stands in their way."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from jupyter_agent_host.errors import ConfigError, SandboxGoneError
from jupyter_agent_host.providers.unix_stream import connect_unix

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
