"""Between upstream and client: in order, at once, joined when late, and never more than a bound."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import anyio.lowlevel
import pytest

from jupyter_agent_host.host.gateway.model.model_client import UpstreamBrokeError
from jupyter_agent_host.host.gateway.model.response_pipe import Pipe

pytestmark = pytest.mark.anyio


async def test_a_slow_reader_gets_a_burst_at_once_and_all_in_order() -> None:
    async def source() -> AsyncGenerator[bytes, None]:
        for number in range(100):
            yield b"%d " % number

    pipe, taken = Pipe(), []
    async with anyio.create_task_group() as group:
        group.start_soon(pipe.fill, source())
        while data := await pipe.take():
            taken.append(data)
    assert len(taken) == 1
    assert taken[0].split() == [b"%d" % number for number in range(100)]


async def test_what_comes_alone_passes_alone() -> None:
    asked = anyio.Event()

    async def source() -> AsyncGenerator[bytes, None]:
        yield b"first"
        await asked.wait()
        yield b"second"

    pipe = Pipe()
    async with anyio.create_task_group() as group:
        group.start_soon(pipe.fill, source())
        assert await pipe.take() == b"first"
        asked.set()
        assert await pipe.take() == b"second"
        assert await pipe.take() == b""


async def test_a_full_pipe_makes_the_upstream_wait() -> None:
    produced = 0

    async def source() -> AsyncGenerator[bytes, None]:
        nonlocal produced
        while True:
            produced += 1
            yield bytes(1024)

    pipe = Pipe()
    async with anyio.create_task_group() as group:
        group.start_soon(pipe.fill, source())
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        assert produced == 64
        assert len(await pipe.take()) == 64 * 1024
        assert len(await pipe.take()) == 64 * 1024
        group.cancel_scope.cancel()


async def test_a_break_comes_after_the_bytes_before_it() -> None:
    async def source() -> AsyncGenerator[bytes, None]:
        yield b"half"
        raise UpstreamBrokeError

    pipe = Pipe()
    async with anyio.create_task_group() as group:
        group.start_soon(pipe.fill, source())
        assert await pipe.take() == b"half"
        with pytest.raises(UpstreamBrokeError):
            await pipe.take()
