"""The host dies in mid-turn and comes back: nothing shown is lost, nothing is said twice, the conversation is whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import docker
import pytest
from anyio.abc import Process
from host_process import settings
from house import SCRIPT, House

from jupyter_agent_host.host.assembly import open_host
from jupyter_agent_host.host.sandboxes.control_channel import Channel
from jupyter_agent_host.protocol.events import AttemptDiscarded, TextDelta, TurnEnded, read_record
from jupyter_agent_host.sandbox.spec import LABEL_HOST
from jupyter_agent_host.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.docker, pytest.mark.timeout(900)]

WORDS = " ".join(f"word{number}" for number in range(1, 61))
HOST = Path(__file__).parents[1] / "host_process.py"


async def host(folder: Path, model: ScriptedModel, *prompt: str) -> Process:
    """Start one host process on this folder's data."""
    (folder / "project").mkdir(parents=True, exist_ok=True)
    notebook = str(folder / "project" / "notebook.ipynb")
    command = [sys.executable, str(HOST), str(folder / "data"), notebook, model.url, "docker", *prompt]
    return await anyio.open_process(command, stdin=subprocess.DEVNULL, stderr=None)


async def lines(process: Process) -> list[Any]:
    """Every event the process shows until it ends."""
    assert process.stdout is not None
    data = b"".join([chunk async for chunk in process.stdout])
    return [read_record(line) for line in data.splitlines()]


async def watch(process: Process, deltas: int) -> list[Any]:
    """What it shows until that many words of text came."""
    assert process.stdout is not None
    seen, rest, words = [], b"", 0
    with anyio.fail_after(120):
        async for chunk in process.stdout:
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                record = read_record(line)
                seen.append(record)
                if isinstance(record.event, TextDelta):
                    words += record.event.text.count("word")
            if words >= deltas:
                return seen
    raise AssertionError(f"only {words} words came")


def visible(records: list[Any]) -> str:
    """The text of the last turn as a surface shows it from deltas alone: a discarded attempt is taken back."""
    texts: dict[str, str] = {}
    for record in records:
        event = record.event
        if isinstance(event, TextDelta):
            texts[event.message_id] = texts.get(event.message_id, "") + event.text
        elif isinstance(event, AttemptDiscarded):
            texts.pop(event.message_id, None)
    return "".join(texts.values())


async def outage(folder: Path, model: ScriptedModel, seconds: float) -> None:
    """Kill the host at word 20 of 60, start it again after `seconds`."""
    process = await host(folder, model, "slow please")
    async with process:
        shown = await watch(process, 20)
        process.kill()
    await anyio.sleep(seconds)
    process = await host(folder, model)
    async with process:
        after = await lines(process)
    by_number = {record.number: record for record in after}
    for record in shown:
        assert by_number[record.number] == record, "a shown event was lost or changed"
    assert [record.number for record in after] == list(range(1, len(after) + 1))
    ended = after[-1].event
    assert isinstance(ended, TurnEnded)
    assert (ended.status, ended.text) == ("completed", WORDS)
    assert visible(after) == WORDS


async def test_a_killed_host_comes_back_to_sixty_words_not_eighty(tmp_path: Path) -> None:
    async with ScriptedModel(SCRIPT) as model, anyio.create_task_group() as tasks:
        for seconds in (1, 20, 100):
            tasks.start_soon(outage, tmp_path / str(seconds), model, seconds)


@pytest.mark.full
async def test_a_host_away_longer_than_requests_are_held_fails_the_turn_and_keeps_the_rest(tmp_path: Path) -> None:
    async with ScriptedModel(SCRIPT) as model:
        process = await host(tmp_path, model, "slow please")
        async with process:
            await watch(process, 20)
            process.kill()
        await anyio.sleep(400)
        process = await host(tmp_path, model)
        async with process:
            after = await lines(process)
        ended = after[-1].event
        assert isinstance(ended, TurnEnded)
        assert ended.resumable
        assert visible(after).count("word") <= 60


@pytest.mark.parametrize("seconds", [5, pytest.param(70, marks=pytest.mark.full)])
async def test_host_away_in_mid_turn_then_the_sandbox_destroyed_and_every_turn_is_recalled(
    tmp_path: Path, seconds: float
) -> None:
    async with ScriptedModel(SCRIPT) as model:
        async with await host(tmp_path, model, "alpha") as process:
            await until_ended(process, turns=1)
            process.kill()
        async with await host(tmp_path, model, "slow beta") as process:
            await watch(process, 20)
            process.kill()
        await anyio.sleep(seconds)
        async with await host(tmp_path, model) as process:
            await until_ended(process, turns=2)
            process.kill()
        remove_sandboxes(tmp_path / "data")
        async with await host(tmp_path, model, "recall") as process:
            records = await until_ended(process, turns=3)
            process.kill()
        remove_sandboxes(tmp_path / "data")
    recalled = records[-1].event.text
    assert "alpha" in recalled
    assert "slow beta" in recalled


async def test_a_prompt_waits_until_the_sandbox_that_was_taken_over_says_what_is_open_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    greet = Channel._greet

    async def greet_slowly(*given: Any) -> Any:
        await anyio.sleep(3)
        return await greet(*given)

    async with ScriptedModel(SCRIPT) as model:
        async with await host(tmp_path, model, "alpha") as process:
            await until_ended(process, turns=1)
            process.kill()
        monkeypatch.setattr(Channel, "_greet", greet_slowly)
        data_dir = tmp_path / "data"
        async with open_host(settings(str(data_dir), model.url, "docker")) as manager:
            house = House(manager, model, tmp_path / "project" / "notebook.ipynb", data_dir)
            recalled = await house.ask("recall")
            assert recalled.ended.status == "completed", recalled.ended
            assert "alpha" in recalled.delta_text
        remove_sandboxes(data_dir)


async def until_ended(process: Process, turns: int) -> list[Any]:
    """What it shows until that many turns have ended, those of earlier hosts included."""
    assert process.stdout is not None
    seen, rest = [], b""
    with anyio.fail_after(120):
        async for chunk in process.stdout:
            *whole, rest = (rest + chunk).split(b"\n")
            seen.extend(read_record(line) for line in whole)
            ended = [record.event for record in seen if isinstance(record.event, TurnEnded)]
            assert {event.status for event in ended} <= {"completed"}, ended
            if len(ended) >= turns:
                return seen
    raise AssertionError("the host ended before its turns did")


def remove_sandboxes(data_dir: Path) -> None:
    """Destroy what this data folder's hosts left, from outside."""
    label = f"{LABEL_HOST}={(data_dir / 'id').read_text().strip()}"
    engine = docker.from_env()
    try:
        for container in engine.containers.list(all=True, filters={"label": label}):
            container.remove(force=True)
    finally:
        engine.close()
