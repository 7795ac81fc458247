"""Wait for the first of several events."""

from __future__ import annotations

import anyio


async def wait_any(*events: anyio.Event) -> None:
    """Return as soon as one of them is set."""

    async def watch(event: anyio.Event) -> None:
        await event.wait()
        tasks.cancel_scope.cancel()

    if any(event.is_set() for event in events):
        return
    async with anyio.create_task_group() as tasks:
        for event in events:
            tasks.start_soon(watch, event)
