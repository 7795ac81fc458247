"""The audit log: private, bounded, whole lines; a failing disk is said once and mended when it can be."""

# ruff: noqa: ASYNC110, ASYNC240 - it waits for small files, which have no events

from __future__ import annotations

import errno
import json
import logging
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from house import OpenHouse

from jupyter_agent_host.errors import AuditError
from jupyter_agent_host.host.audit import AuditLog, AuditRecord, RotatingFile
from jupyter_agent_host.host.settings import AuditSettings

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def running(path: Path, **settings: int | bool) -> AsyncIterator[AuditLog]:
    wanted = AuditSettings(**settings)  # type: ignore[arg-type]
    log = AuditLog(RotatingFile(path, max_bytes=wanted.max_bytes, backups=wanted.backups), wanted)
    async with anyio.create_task_group() as group:
        group.start_soon(log.run)
        yield log
        group.cancel_scope.cancel()


async def until(path: Path, words: str) -> str:
    with anyio.fail_after(20):
        while not (path.exists() and words in path.read_text()):
            await anyio.sleep(0.01)
    return path.read_text()


async def test_records_are_lines_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit" / "audit.jsonl"
    heard: list[AuditRecord] = []

    def broken(_record: AuditRecord) -> None:
        raise RuntimeError

    async with running(path) as log:
        log.listeners += [broken, heard.append]
        for number in range(1200):
            log.note(AuditRecord(kind="egress", host="a\nb\u2028c", port=number))
    lines = path.read_bytes().splitlines()
    assert [json.loads(line)["port"] for line in lines[1:]] == list(range(1, 1200)), "what waited is written at the end"
    assert json.loads(lines[0]) == {"time": heard[0].time, "kind": "egress", "host": "a\nb\u2028c"}, "no empty fields"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(heard) == 1200


async def test_it_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    async with running(path, max_bytes=2000, backups=2) as log:
        for number in range(60):
            log.note(AuditRecord(kind="egress", host="x" * 100, port=number + 1))
            await until(path, f'"port":{number + 1}}}') if number % 5 == 0 else None
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    assert sum(file.stat().st_size for file in files) < 3 * 2000 + 2000
    assert {json.loads(line)["kind"] for file in files for line in file.read_bytes().splitlines()} == {"egress"}


async def test_a_full_disk_is_said_once_and_stops_only_where_the_log_is_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("jupyter_agent_host.host.audit.audit_log._AGAIN_SECONDS", 0.02)
    path = tmp_path / "audit.jsonl"
    full = True
    write = os.write

    def refusing(descriptor: int, data: bytes) -> int:
        if full and data.startswith(b'{"time"'):
            write(descriptor, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", refusing)
    async with running(path, required=True) as log, running(tmp_path / "other.jsonl") as lax:
        log.check()
        log.note(AuditRecord(kind="egress", port=1))
        lax.note(AuditRecord(kind="egress", port=1))
        with anyio.fail_after(20):
            while "No space left" not in caplog.text:
                await anyio.sleep(0.01)
            await anyio.sleep(0.2)
        with pytest.raises(AuditError, match="No space left on device"):
            log.check()
        lax.check()
        said = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert len(said) == 2, "once for each log"
        full = False
        text = await until(path, '"port":1')
        assert len(text.splitlines()) == 1, "no half line is left of the tries that failed"
        with anyio.fail_after(20):
            while caplog.text.count("is written again") < 2:
                await anyio.sleep(0.01)
        log.check()


async def test_what_is_lost_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_agent_host.host.audit.audit_log._MAX_WAITING", 10)
    path = tmp_path / "audit.jsonl"
    wanted = AuditSettings(required=True)
    log = AuditLog(RotatingFile(path, max_bytes=10**6, backups=1), wanted)
    for number in range(25):
        log.note(AuditRecord(kind="egress", port=number + 1))
    with pytest.raises(AuditError, match="records were lost"):
        log.check()
    async with anyio.create_task_group() as group:
        group.start_soon(log.run)
        text = await until(path, '"port":25')
        group.cancel_scope.cancel()
    assert json.loads(text.splitlines()[0])["detail"] == "15 records were lost"
    assert len(text.splitlines()) == 11
    log.check()


async def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "audit.jsonl").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        RotatingFile(tmp_path / "audit.jsonl", max_bytes=10**6, backups=1).append(b"x\n", sync=True)
    assert target.read_text() == "mine"


async def test_agents_wait_for_a_log_that_is_required(open_house: OpenHouse, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    in_its_place = tmp_path / "one" / "audit"
    in_its_place.write_text("a file where the folder should be")
    async with open_house(audit=AuditSettings(required=True)) as house:
        waiting = await house.ask("hello")
        assert waiting.ended.status == "error"
        assert "and this server requires it" in waiting.ended.error
        in_its_place.unlink()
        with anyio.fail_after(30):
            while (ended := (await house.ask("hello again")).ended).status != "completed":
                assert "requires it" in ended.error
                await anyio.sleep(0.5)
        await until(in_its_place / "audit.jsonl", "sandbox_started")
