"""What the journal promises to the host."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import anyio
import pytest
from store_samples import event, whole_turn

from jupyter_agent_host.errors import JournalError, LeaseHeldError
from jupyter_agent_host.protocol.events import (
    TextDelta,
    ToolCall,
    TurnEnded,
    TurnStarted,
    UnknownEvent,
    Usage,
    read_event,
)
from jupyter_agent_host.store.host_lock import HostLock
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.new_items import LedgerRow, NewEntries, OutboxMark
from jupyter_agent_host.store.journal.rows import NotebookRow, SandboxRow, SessionRow

pytestmark = pytest.mark.anyio


def delta(text: str, turn_id: str = "t", notebook: str = "n") -> object:
    return event(turn_id, TextDelta(message_id="m", text=text), notebook=notebook)


async def test_events_are_numbered_per_notebook_and_outlive_the_host(journal_path: Path) -> None:
    async with await Journal.open(journal_path) as journal:
        first = await journal.write([delta("a"), delta("b"), delta("x", notebook="other")])
        assert [(record.notebook_id, record.number) for record in first] == [("n", 1), ("n", 2), ("other", 1)]
    async with await Journal.open(journal_path) as journal:
        (third,) = await journal.write([delta("c")])
        assert third.number == 3
        assert [record.event.text for record in await journal.events("n")] == ["a", "b", "c"]
        assert await journal.events("n", after=2) == [third]
        assert await journal.last_event_number("n") == 3
        assert await journal.last_event_number("never seen") == 0


async def test_events_of_one_turn_only_and_in_portions(journal: Journal) -> None:
    await journal.write([delta("a", "t1"), delta("b", "t2"), delta("c", "t1")])
    assert [record.number for record in await journal.events("n", turn_id="t1")] == [1, 3]
    assert [record.number for record in await journal.events("n", limit=2)] == [1, 2]


async def test_an_event_of_a_kind_from_the_future_comes_back_as_it_was(journal: Journal) -> None:
    strange = read_event(b'{"kind":"hologram","depth":3}')
    (record,) = await journal.write([event("t", strange)])
    assert isinstance(record.event, UnknownEvent)
    assert await journal.events("n") == [record]


async def test_a_repeated_outbox_item_leaves_no_trace(journal: Journal) -> None:
    unit = [NewEntries("s", "", (b'{"n":1}',)), delta("a"), OutboxMark("box", "run", 7)]
    assert len(await journal.write(unit)) == 1
    assert await journal.write(unit) == []
    assert await journal.write([OutboxMark("box", "run", 6), delta("late")]) == []
    assert await journal.transcript("s") == [("", b'{"n":1}')]
    assert await journal.outbox_mark("box", "run") == 7
    assert await journal.outbox_mark("box", "another run") == 0
    assert len(await journal.write([OutboxMark("box", "another run", 1), delta("b")])) == 1


async def test_a_unit_that_cannot_be_written_leaves_nothing_and_harms_no_other(journal: Journal) -> None:
    bad = [NewEntries("s", "", (b"{}",)), event("t", TextDelta(message_id="m", text="x"), time="soon")]  # type: ignore[arg-type]
    failed: list[BaseException] = []

    async def write_bad() -> None:
        try:
            await journal.write([*bad, NewEntries("s", "", (3,))])  # type: ignore[arg-type]
        except (TypeError, JournalError) as err:
            failed.append(err)

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(journal.write, [delta(str(number))])
            group.start_soon(write_bad)
    assert len(failed) == 20
    assert await journal.transcript("s") == []
    assert sorted(int(record.event.text) for record in await journal.events("n")) == list(range(20))
    assert [record.number for record in await journal.events("n")] == list(range(1, 21))


async def test_entries_keep_their_order_and_their_bytes_once_per_uuid(journal: Journal) -> None:
    spaced, cut = b'{ "uuid": "a", "big": 123456789012345678901234567890 }', b'{"uuid":"b","half":"\\ud83d"}'
    await journal.write([NewEntries("s", "subagents/agent-1", (b'{"n":1}', b'{"n":1}'))])
    await journal.write([NewEntries("s", "", (spaced, cut)), NewEntries("s", "", (b'{"uuid":"a","again":true}',))])
    assert await journal.transcript("s") == [
        ("", spaced),
        ("", cut),
        ("subagents/agent-1", b'{"n":1}'),
        ("subagents/agent-1", b'{"n":1}'),
    ]
    assert await journal.transcript("unknown") == []


async def test_what_a_sandbox_sends_as_an_entry_may_be_anything(journal: Journal) -> None:
    hostile = (b"no json", b'{"uuid":{"a":1}}', b'{"uuid":5}', b"[" * 100_000, b"")
    await journal.write([NewEntries("s", "", hostile)])
    assert [entry for _, entry in await journal.transcript("s")] == list(hostile)


async def test_a_turn_is_known_from_its_start_to_its_end(journal: Journal) -> None:
    await journal.write([event("t1", TurnStarted(prompt="Hi", cell_id="c1", actor="ada", origin="panel"), time=5.0)])
    (running,) = await journal.turns("s")
    assert (running.status, running.ended, running.seq, running.prompt) == ("running", None, 1, "Hi")
    assert (running.cell_id, running.actor, running.origin) == ("c1", "ada", "panel")
    await journal.write([event("t1", ToolCall(tool_use_id="u", name="Bash"))])
    end = TurnEnded(
        status="completed", text="Hello", usage=Usage(output_tokens=3), cost_usd=0.5, model="m", duration_ms=9
    )
    await journal.write([event("t1", end, time=7.0)])
    await journal.write([event("t1", TurnEnded(status="error"), time=8.0)])
    (ended,) = await journal.turns("s")
    assert (ended.status, ended.ended, ended.text, ended.cost_usd) == ("completed", 7.0, "Hello", 0.5)
    assert (ended.usage, ended.model, ended.duration_ms) == (Usage(output_tokens=3), "m", 9)
    assert (ended.first_event, ended.last_event) == (1, 4)
    assert ended.chain_digest == running.chain_digest


async def test_turns_follow_each_other_and_a_fork_follows_its_parent(journal: Journal) -> None:
    for turn_id in ("t1", "t2"):
        await journal.write(whole_turn(turn_id, "again"))
    await journal.put_session(SessionRow("fork", "n", "s", "", 2.0, "", ""))
    assert [turn.turn_id for turn in await journal.lineage("fork")] == ["t1", "t2"]
    await journal.write(whole_turn("t3", "again", session="fork"))
    await journal.write(whole_turn("t4", "again", session="s"))
    one, two, four = await journal.turns("s")
    (three,) = await journal.turns("fork")
    assert [turn.previous_turn_id for turn in (one, two, three, four)] == ["", "t1", "t2", "t2"]
    assert len({turn.chain_digest for turn in (one, two, three, four)}) == 4
    assert [turn.turn_id for turn in await journal.lineage("fork")] == ["t1", "t2", "t3"]
    assert [turn.seq for turn in (one, two, four)] == [1, 2, 3]
    await journal.put_session(SessionRow("fork", "n", "", "titled", 2.0, "", ""))
    assert await journal.session("fork") == SessionRow("fork", "n", "s", "titled", 2.0, "", "")
    await journal.put_session(SessionRow("silent", "n", "fork", "", 3.0, "", ""))
    await journal.put_session(SessionRow("fork of a fork", "n", "silent", "", 3.0, "", ""))
    assert [turn.turn_id for turn in await journal.lineage("fork of a fork")] == ["t1", "t2", "t3"]
    await journal.put_session(SessionRow("early", "n", "s", "", 4.0, "", "", fork_turn_id="t1"))
    assert [turn.turn_id for turn in await journal.lineage("early")] == ["t1"]
    await journal.write(whole_turn("t4", "elsewhere", session="early"))
    assert [turn.turn_id for turn in await journal.lineage("early")] == ["t1", "t4"]
    await journal.put_session(SessionRow("ring", "n", "ring", "", 3.0, "", ""))
    assert await journal.lineage("ring") == []
    assert await journal.lineage("unknown") == []


async def test_the_ledger_counts_refused_and_broken_requests(journal: Journal) -> None:
    row = LedgerRow("n", "s", "t", 100.0, 5, "/v1/messages", "m", 200, input_tokens=10, output_tokens=2, cost_usd=0.25)
    await journal.write([row, LedgerRow("n", "s", "t", 200.0, 1, "/v1/messages", "m", 403, refused="mcp_servers")])
    await journal.write([LedgerRow("other", "s", "t", 200.0, 1, "/v1/messages", "m", 200, cost_usd=9.0)])
    total = await journal.ledger("n")
    assert (total.cost_usd, total.requests, total.refused) == (0.25, 2, 1)
    assert total.usage == Usage(input_tokens=10, output_tokens=2)
    assert (await journal.ledger("n", since=150.0)).requests == 1
    assert (await journal.ledger("never seen")).cost_usd == 0.0


async def test_a_path_belongs_to_the_notebook_that_was_last_seen_there(journal: Journal) -> None:
    first = NotebookRow("n1", "/a.ipynb", "s1", "", "free", 1.0, 1.0, grants=("conftest.py", "*.pth"), budget_usd=2.5)
    await journal.put_notebook(first)
    assert await journal.notebook("n1") == first
    assert await journal.notebook_by_path("/a.ipynb") == first
    second = NotebookRow("n2", "/a.ipynb", "", "", "free", 2.0, 2.0)
    await journal.put_notebook(second)
    assert await journal.notebook_by_path("/a.ipynb") == second
    pathless = await journal.notebook("n1")
    assert pathless is not None
    assert pathless.path == ""
    await journal.put_notebook(NotebookRow("n3", "", "", "", "free", 3.0, 3.0))
    assert await journal.notebook_by_path("") is None
    assert [row.notebook_id for row in await journal.list_notebooks()] == ["n1", "n2", "n3"]


async def test_sessions_and_sandboxes_are_kept_until_dropped(journal: Journal) -> None:
    session = SessionRow("s1", "n", "", "title", 1.0, "0.2.187", "2.1.330")
    await journal.put_session(session)
    assert await journal.sessions("n") == [session]
    assert await journal.session("s1") == session
    assert await journal.session("s2") is None
    box = SandboxRow("b1", "docker", "n", "s1", "secret-token", 1.0)
    await journal.put_sandbox(box)
    await journal.write([OutboxMark("b1", "run", 3)])
    assert await journal.sandboxes() == [box]
    assert "secret-token" not in repr(box)
    await journal.drop_sandbox("b1")
    await journal.drop_sandbox("b1")
    assert await journal.sandboxes() == []
    assert await journal.outbox_mark("b1", "run") == 0


async def test_what_is_put_aside_stays(journal: Journal) -> None:
    await journal.put_aside("n", "damaged", b"\x00old envelope")
    (row,) = await journal.aside("n")
    assert (row.reason, row.data) == ("damaged", b"\x00old envelope")
    assert abs(row.time - time.time()) < 60


async def test_one_live_host_drives_a_notebook(journal: Journal, journal_path: Path) -> None:
    with HostLock(journal_path.parent) as mine, HostLock(journal_path.parent) as neighbour:
        await journal.acquire_lease("n", neighbour.owner)
        await journal.acquire_lease("n", neighbour.owner)
        with pytest.raises(LeaseHeldError, match="drives this notebook"):
            await journal.acquire_lease("n", mine.owner)
        await journal.release_lease("n", mine.owner)
        with pytest.raises(LeaseHeldError):
            await journal.acquire_lease("n", mine.owner)
        await journal.acquire_lease("another", mine.owner)
        neighbour.release()
        await journal.acquire_lease("n", mine.owner)
        await journal.release_lease("n", mine.owner)
        with HostLock(journal_path.parent) as third:
            await journal.acquire_lease("n", third.owner)


async def test_two_hosts_on_one_journal_number_without_gaps_or_doubles(journal_path: Path) -> None:
    async with await Journal.open(journal_path) as one, await Journal.open(journal_path) as two:
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon((one if number % 2 else two).write, [delta(str(number)), delta(str(number))])
        records = await one.events("n")
        assert [record.number for record in records] == list(range(1, 201))
        texts = [record.event.text for record in records]
        assert texts[::2] == texts[1::2], "a unit was torn apart"


async def test_many_writers_and_readers_at_once(journal: Journal) -> None:
    async def read() -> None:
        for _ in range(10):
            records = await journal.events("n")
            assert [record.number for record in records] == list(range(1, len(records) + 1))

    async with anyio.create_task_group() as group:
        for number in range(500):
            group.start_soon(journal.write, [delta(str(number))])
        for _ in range(10):
            group.start_soon(read)
    assert await journal.last_event_number("n") == 500


async def test_a_cancelled_write_is_whole_or_absent_and_the_journal_goes_on(journal: Journal) -> None:
    with anyio.move_on_after(0):
        await journal.write([delta("a"), delta("b")])
    await journal.write([delta("c"), delta("d")])
    texts = [record.event.text for record in await journal.events("n")]
    assert texts in (["c", "d"], ["a", "b", "c", "d"])


async def test_only_this_user_can_read_it(journal_path: Path) -> None:
    journal_path.parent.mkdir(mode=0o755)
    async with await Journal.open(journal_path) as journal:
        await journal.write([delta("a")])
        assert stat.S_IMODE(journal_path.parent.stat().st_mode) == 0o700
        for path in journal_path.parent.glob("journal.sqlite*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


async def test_a_closed_journal_says_so(journal_path: Path) -> None:
    journal = await Journal.open(journal_path)
    await journal.write([delta("a")])
    await journal.aclose()
    await journal.aclose()
    with pytest.raises(JournalError, match="closed"):
        await journal.write([delta("b")])
    with pytest.raises(JournalError, match="closed"):
        await journal.events("n")


async def test_how_long_a_write_takes(journal: Journal) -> None:
    """Prints figures (`pytest -s`); only what was written is asserted."""
    start = time.perf_counter()
    for number in range(100):
        await journal.write([delta(str(number))])
    alone = (time.perf_counter() - start) / 100
    start = time.perf_counter()
    async with anyio.create_task_group() as group:
        for number in range(2000):
            group.start_soon(journal.write, [delta(str(number))])
    together = (time.perf_counter() - start) / 2000
    print(f"\njournal: {alone * 1e3:.2f} ms a durable write alone, {together * 1e3:.3f} ms with 2000 at once")  # noqa: T201 - the figure is the point
    assert await journal.last_event_number("n") == 2100
