"""The feed: nothing is missed by a follower, whatever the order in which writers come to show what they wrote."""

from __future__ import annotations

import anyio
import pytest

from jupyter_agent_host.host.agents.event_feed import EventFeed
from jupyter_agent_host.protocol.events import EventRecord, TextDelta, TurnEnded

pytestmark = pytest.mark.anyio


def record(number: int, turn_id: str = "a", *, last: bool = False) -> EventRecord:
    event = TurnEnded(status="completed") if last else TextDelta(message_id="m", text=str(number))
    return EventRecord(number=number, notebook_id="n", session_id="s", turn_id=turn_id, time=0.0, event=event)


class Stored:
    """A journal that holds these records."""

    def __init__(self, *records: EventRecord) -> None:
        self.records = list(records)

    async def events(
        self, notebook_id: str, *, after: int = 0, turn_id: str = "", limit: int = 1000
    ) -> list[EventRecord]:
        assert notebook_id == "n"
        found = [item for item in self.records if item.number > after and turn_id in ("", item.turn_id)]
        return found[:limit]


async def test_an_end_that_is_shown_after_a_later_event_still_reaches_its_followers() -> None:
    stored = Stored(record(1), record(2, last=True), record(3, "b"), record(4, "b"))
    feed, heard, everything = EventFeed("n", stored, 0), [], []

    async def follow() -> None:
        heard.extend([item.number async for item in feed.follow(0, "a")])

    async def follow_all() -> None:
        async for item in feed.follow(0):
            everything.append(item.number)
            if item.number == len(stored.records):
                return

    with anyio.fail_after(2):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            tasks.start_soon(follow_all)
            for number in (1, 3, 2, 4):
                feed.publish([stored.records[number - 1]])
                await anyio.wait_all_tasks_blocked()
    assert heard == [1, 2]
    assert everything == [1, 2, 3, 4]
    assert feed.last_number == len(stored.records)


async def test_a_follower_that_comes_late_reads_the_journal_first() -> None:
    stored = Stored(record(1), record(2), record(3, last=True))
    feed = EventFeed("n", stored, 2)
    feed.publish([stored.records[2]])
    with anyio.fail_after(2):
        assert [item.number async for item in feed.follow(0, "a")] == [1, 2, 3]
