"""A journal that cannot be used says why, and nothing that was written is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from store_samples import event

from jupyter_agent_host.errors import JournalError
from jupyter_agent_host.protocol.events import TextDelta
from jupyter_agent_host.store.journal import journal_schema
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.new_items import NewEntries

pytestmark = pytest.mark.anyio
# ruff: noqa: ASYNC240 - nothing else runs in these tests while a file is prepared


def delta(text: str) -> object:
    return event("t", TextDelta(message_id="m", text=text))


async def test_a_newer_journal_is_left_alone(journal_path: Path) -> None:
    await (await Journal.open(journal_path)).aclose()
    with sqlite3.connect(journal_path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = journal_path.read_bytes()
    with pytest.raises(JournalError, match=r"newer version .* \(schema 99; this one knows \d+\)"):
        await Journal.open(journal_path)
    assert journal_path.read_bytes() == before


async def test_an_older_journal_is_brought_forward_with_its_content(journal_path: Path) -> None:
    async with await Journal.open(journal_path) as journal:
        await journal.write([delta("old")])
    database = sqlite3.connect(journal_path, isolation_level=None)
    later = (*journal_schema.MIGRATIONS, ("ALTER TABLE events ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'",))
    journal_schema.migrate(database, later)
    journal_schema.migrate(database, later)
    assert database.execute("SELECT number, colour FROM events").fetchall() == [(1, "blue")]
    broken = (*later, ("CREATE TABLE extra (id)", "no SQL at all"))
    with pytest.raises(sqlite3.OperationalError):
        journal_schema.migrate(database, broken)
    assert database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone() == (0,)
    assert database.execute("PRAGMA user_version").fetchone() == (len(later),)
    database.close()


async def test_somebody_elses_database_is_left_alone(journal_path: Path) -> None:
    journal_path.parent.mkdir()
    with sqlite3.connect(journal_path) as database:
        database.execute("CREATE TABLE recipes (id)")
    database.close()
    with pytest.raises(JournalError, match="another program's"):
        await Journal.open(journal_path)


async def test_a_damaged_file_is_kept_and_named(journal_path: Path) -> None:
    journal_path.parent.mkdir()
    journal_path.write_bytes(b"not a database at all, " * 500)
    with pytest.raises(JournalError, match=r"damaged and was left as it is.*move it away") as caught:
        await Journal.open(journal_path)
    assert str(journal_path) in str(caught.value)
    assert journal_path.read_bytes().startswith(b"not a database")


async def test_damage_in_the_middle_is_a_clear_error(journal_path: Path) -> None:
    async with await Journal.open(journal_path) as journal:
        await journal.write([NewEntries("s", "", tuple(b'{"n":"%060d"}' % n for n in range(2000)))])
    size = journal_path.stat().st_size
    with journal_path.open("r+b") as file:
        for offset in range(size // 8192 * 4096, size, 4096):
            file.seek(offset)
            file.write(b"\xff" * 200)
    async with await Journal.open(journal_path) as journal:
        with pytest.raises(JournalError, match="damaged"):
            await journal.transcript("s")


async def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="file/journal"):
        await Journal.open(tmp_path / "file" / "journal.sqlite")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)], capture_output=True, text=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip(f"no small file system can be mounted here: {mount.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


async def test_a_full_disk_loses_nothing_and_heals_with_space(small_disk: Path) -> None:
    async with await Journal.open(small_disk / "data" / "journal.sqlite") as journal:
        written = 0
        failure = None
        while failure is None and written < 1000:
            try:
                await journal.write([delta("x" * 20_000)])
                written += 1
            except JournalError as err:
                failure = str(err)
        assert failure is not None
        assert "is full: free some space" in failure
        assert written > 10
        assert await journal.last_event_number("n") == written
        await anyio.run_process(["mount", "-o", "remount,size=8m", str(small_disk)])
        (record,) = await journal.write([delta("after")])
        assert record.number == written + 1
    async with await Journal.open(small_disk / "data" / "journal.sqlite") as journal:
        assert len(await journal.events("n")) == written + 1


_WRITES_UNTIL_KILLED = """
    import sys
    from pathlib import Path
    import anyio
    from jupyter_agent_host.protocol.events import TextDelta
    from jupyter_agent_host.store.journal.new_items import NewEntries, NewEvent
    from jupyter_agent_host.store.journal.journal import Journal

    async def write(journal, worker):
        number = 0
        while True:
            number += 1
            name = f"{worker}:{number}"
            event = NewEvent("n", "s", "t", TextDelta(message_id="m", text=name), 1.0)
            (record,) = await journal.write([NewEntries("s", "", (b'{"name":"%s"}' % name.encode(),)), event])
            print(record.number, name, flush=True)

    async def main():
        async with await Journal.open(Path(sys.argv[1])) as journal, anyio.create_task_group() as group:
            for worker in range(8):
                group.start_soon(write, journal, worker)

    anyio.run(main)
"""


async def test_every_write_that_returned_survives_kill_9(journal_path: Path) -> None:
    told: dict[int, str] = {}
    for round_number in range(5):
        process = subprocess.Popen(  # noqa: ASYNC220 - the test has nothing else to do meanwhile
            [sys.executable, "-c", textwrap.dedent(_WRITES_UNTIL_KILLED), str(journal_path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        with process.stdout as lines:
            for count, line in enumerate(lines):
                if line.endswith("\n"):  # the last one may be cut short by the kill
                    number, name = line.split()
                    told[int(number)] = name
                if count == 40 + 30 * round_number:
                    os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    async with await Journal.open(journal_path) as journal:
        records = await journal.events("n", limit=1_000_000)
        stored = {record.number: record.event.text for record in records}
        entries = await journal.transcript("s")
    assert len(told) > 400
    assert told.items() <= stored.items()
    assert sorted(stored) == list(range(1, len(stored) + 1))
    assert len(entries) == len(stored), "a unit was torn apart"
