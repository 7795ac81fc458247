"""Figures of a sandbox's use: sampled in the background, told with their age, and never waited for."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream
from house import OpenHouse

from jupyter_agent_host.host.sandboxes import usage_sampler
from jupyter_agent_host.host.sandboxes.usage_sampler import UsageSampler
from jupyter_agent_host.sandbox.spec import ProviderReport, SandboxStats

pytestmark = pytest.mark.anyio

ENGINE = "/var/run/docker.sock"
ANSWER_SECONDS = 1.0
"""A status needs a few milliseconds; an engine that hangs, minutes."""


class Counting:
    """A sandbox as far as a sampler sees one."""

    id = "sandbox"

    def __init__(self) -> None:
        self.samples = 0

    async def stats(self) -> SandboxStats:
        self.samples += 1
        return SandboxStats(pids=self.samples)


class Streaming(Counting):
    """One whose engine tells by itself."""

    open_streams = 0

    async def stream_stats(self) -> AsyncIterator[SandboxStats]:
        self.open_streams += 1
        try:
            while True:
                yield await self.stats()
                await anyio.sleep(0.01)
        finally:
            self.open_streams -= 1


@pytest.mark.parametrize("kind", [Counting, Streaming])
async def test_samples_are_taken_while_somebody_looks_and_not_after(
    kind: type[Counting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_sampler, "WATCHED_SECONDS", 0.2)
    monkeypatch.setattr(usage_sampler, "INTERVAL_SECONDS", 0.01)
    sandbox: Any = kind()
    sampler = UsageSampler(sandbox)
    assert sampler.look().time == 0.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sampler.run)
        await anyio.sleep(0.1)
        sample = sampler.look()
        assert sample.stats.pids
        assert 0 <= time.time() - sample.time < 5
        await anyio.sleep(0.6)
        unwatched = sandbox.samples
        await anyio.sleep(0.3)
        assert sandbox.samples == unwatched
        assert getattr(sandbox, "open_streams", 0) == 0
        sampler.look()
        with anyio.fail_after(5):
            while sandbox.samples == unwatched:  # noqa: ASYNC110 - the sampler tells nobody
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()


async def test_status_answers_while_the_engine_hangs(
    open_house: OpenHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reports: dict[str, ProviderReport]
) -> None:
    if not reports["docker"].available or not await anyio.Path(ENGINE).exists():
        pytest.skip(f"no engine at {ENGINE}: {reports['docker'].reason}")
    socket = str(tmp_path / "engine.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    async with engine_behind(socket) as engine, open_house(provider="docker") as house:
        await house.ask("hello")
        measured = await _measured(house)
        assert measured.mem_bytes > 2**20
        assert measured.measured_age_seconds is not None
        engine.hangs = True
        try:
            for _ in range(3):
                before = time.monotonic()
                info = await house.info()
                assert time.monotonic() - before < ANSWER_SECONDS
                assert info.state == "idle"
                await anyio.sleep(0.2)
        finally:
            engine.hangs = False
            engine.goes_on.set()


async def _measured(house: Any) -> Any:
    """What is told of the sandbox once it was sampled."""
    with anyio.fail_after(20):
        while not (info := await house.info()).measured:  # noqa: ASYNC110 - as above
            await anyio.sleep(0.05)
    assert info.measured >= info.sandbox_started
    return info


@asynccontextmanager
async def engine_behind(socket: str) -> AsyncIterator[SimpleNamespace]:
    """The real engine at another address, where it can be made to answer nothing for a while."""
    state = SimpleNamespace(hangs=False, goes_on=anyio.Event())

    async def pump(source: SocketStream, target: SocketStream) -> None:
        try:
            while True:
                data = await source.receive()
                if state.hangs:
                    await state.goes_on.wait()
                await target.send(data)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            try:
                await target.send_eof()
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                return

    async def serve(client: SocketStream) -> None:
        async with client, await anyio.connect_unix(ENGINE) as engine, anyio.create_task_group() as tasks:
            tasks.start_soon(pump, client, engine)
            tasks.start_soon(pump, engine, client)

    async with await anyio.create_unix_listener(socket) as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        yield state
        tasks.cancel_scope.cancel()
