"""One notebook can neither flood the model nor the host."""

from __future__ import annotations

import json

import anyio
import pytest
from gateway_door import Door, ask, http, open_door

from jupyter_agent_host.host.gateway import GatewayLimits

pytestmark = pytest.mark.anyio

STALL = {"otherwise": {"say": "{words:3}", "stall_after": 1, "stall_seconds": 0.5}}


async def many(door: Door, count: int) -> list[int]:
    statuses: list[int] = []

    async def one() -> None:
        statuses.append((await door.post(ask(stream=True))).status_code)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(one)
    return sorted(statuses)


async def test_requests_in_flight_wait_for_a_place() -> None:
    most = 0
    async with open_door(STALL, max_in_flight=2) as door, anyio.create_task_group() as group:

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, sum(not request.finished for request in door.model.requests))
                await anyio.sleep(0.01)

        group.start_soon(watch)
        assert await many(door, 6) == [200] * 6
        group.cancel_scope.cancel()
    assert most == 2


async def test_the_queue_is_bounded() -> None:
    async with open_door(STALL, max_in_flight=1, bounds=GatewayLimits(waiting=1)) as door:
        assert await many(door, 4) == [200, 200, 429, 429]


async def test_a_place_is_free_again_after_a_client_went_away() -> None:
    script = {"rules": [{"when": {"times": 1}, "say": "x y", "stall_after": 1}]}
    async with open_door(script, max_in_flight=1) as door:
        with anyio.move_on_after(0.3):
            await door.post(ask(stream=True))
        with anyio.fail_after(5):
            assert (await door.post(ask())).status_code == 200


async def test_requests_a_minute() -> None:
    async with open_door(max_requests_per_minute=2) as door:
        statuses = [(await door.post(ask())).status_code for _ in range(3)]
        response = await door.post(ask())
        counted = await door.post(ask(), path="/v1/messages/count_tokens")
    assert statuses == [200, 200, 429]
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert counted.status_code == 200
    assert len(door.model.messages) == 2


async def test_the_minute_passes() -> None:
    async with open_door(
        max_requests_per_minute=1, bounds=GatewayLimits(rate_window_seconds=0.3, tarpit_seconds=0)
    ) as door:
        assert [(await door.post(ask())).status_code for _ in range(2)] == [200, 429]
        await anyio.sleep(0.35)
        assert (await door.post(ask())).status_code == 200


async def test_refused_requests_are_counted_too_and_then_slowed_down() -> None:
    async with open_door(max_requests_per_minute=1, bounds=GatewayLimits(tarpit_seconds=0.2)) as door:
        refused = [(await door.raw(http(b"", method="GET", headers="Connection: close\r\n")))[0] for _ in range(6)]
        started = anyio.current_time()
        await door.raw(b"junk\r\n\r\n")
    assert [answer.status for answer in refused] == [405] * 5 + [429]
    assert anyio.current_time() - started >= 0.2


async def test_bodies_held_in_memory_are_bounded() -> None:
    async with open_door(STALL, bounds=GatewayLimits(held_bytes=1_000)) as door, anyio.create_task_group() as group:
        group.start_soon(door.post, ask("x" * 500, stream=True))
        with anyio.fail_after(5):
            while not door.model.requests:  # noqa: ASYNC110 - the model knows no events of ours
                await anyio.sleep(0.01)
        answers = await door.raw(http(json.dumps(ask("x" * 500)).encode(), headers="Connection: close\r\n"))
        assert answers[0].status == 429
        await door.ledger.wait(1)
        assert door.ledger.entries[0].refused == "held_bytes"
        group.cancel_scope.cancel()


async def test_connections_are_bounded() -> None:
    async with open_door(bounds=GatewayLimits(connections=2)) as door:
        idle = [await anyio.connect_tcp("127.0.0.1", door.port) for _ in range(2)]
        await anyio.sleep(0.05)
        assert await door.raw(http(b"{}")) == []
        for stream in idle:
            await stream.aclose()
        await anyio.sleep(0.05)
        assert (await door.post(ask())).status_code == 200


async def test_notebooks_do_not_share_a_quota() -> None:
    async with open_door(max_requests_per_minute=1) as door:
        assert [(await door.post(ask())).status_code for _ in range(2)] == [200, 429]
        door.ledger.notebook_id = "another"
        assert (await door.post(ask())).status_code == 200
