"""Runs that outlive their turn, or their server: a real server, kernel, SDK and CLI; only the model is scripted."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import list_running_servers
from kernel_rig import Rig, rig
from own_house import own_server, text_of
from server_lab import LabMaker

from jupyter_agent_host.host.notebook.cells import revision_of
from jupyter_agent_host.store.journal.job_store import JobStore
from jupyter_agent_host.store.journal.rows import JobRow


def cell_of(there: Rig, path: str) -> dict[str, Any]:
    while (answer := there.lab.http.get(f"api/contents/{path}?type=notebook")).status_code != HTTPStatus.OK:
        time.sleep(0.1)  # the file is half written in this moment
    found: dict[str, Any] = answer.json()["content"]["cells"][0]
    return found


def begin(there: Rig, path: str) -> str:
    """A turn that begins the notebook's one cell and ends while it runs; its text."""
    cell = cell_of(there, path)
    return there.turn(path, f"BEGIN {cell['id']} {revision_of('code', cell['source'])}").text


def printed(there: Rig, path: str) -> str:
    return "".join(str(output.get("text", "")) for output in cell_of(there, path)["outputs"])


def until_printed(there: Rig, path: str, text: str) -> None:
    deadline = time.monotonic() + 60
    while text not in printed(there, path):
        assert time.monotonic() < deadline, there.turn(path, "POLL j1").text
        time.sleep(0.1)


@contextmanager
def one_of_two(make_lab: LabMaker, root: Path, data: Path) -> Iterator[Rig]:
    """One server of those that share notebooks and journal."""
    traits = {"scripted_model": "", "allow_key_unsandboxed": True, "data_dir": str(data)}
    with rig(make_lab, {"AgentHost": traits}, root) as there:
        yield there


def test_outputs_that_come_after_the_turn_go_with_its_undo(make_lab: LabMaker) -> None:
    with rig(make_lab) as there:
        there.lab.notebook("late.ipynb", "import time; print('early'); time.sleep(6); print('late')")
        assert "runs, for" in begin(there, "late.ipynb")
        notebook_id = there.lab.open("late.ipynb")["notebookId"]

        def undo() -> dict[str, Any]:
            answer: dict[str, Any] = there.lab.http.post(f"agent-host/notebooks/{notebook_id}/undo", json={}).json()
            return answer

        early = undo()
        assert not early["ok"]
        assert "runs still, as job j1" in early["message"]
        until_printed(there, "late.ipynb", "late")
        deadline = time.monotonic() + 60
        while not (done := undo())["ok"]:
            assert time.monotonic() < deadline, done
            time.sleep(0.1)
        cell = cell_of(there, "late.ipynb")
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert "agent_host" not in cell["metadata"]


@pytest.mark.anyio
async def test_a_call_that_a_restarted_server_hears_again_runs_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=False) as server:
        desk = await server.desk(server.notebook("again.ipynb", "open('ran.txt', 'a').write('x')"))
        jobs, notebook_id = desk.agent.jobs, desk.agent.row.notebook_id
        store = JobStore(desk.agent.services.journal, notebook_id)

        async def heard_first_by_an_earlier_server(number: int, request_id: str) -> None:
            row = JobRow(notebook_id, number, request_id, "turn", "run c0", False, ("c0",), 0.0)
            await store.begin(row)
            await jobs.load()

        await heard_first_by_an_earlier_server(1, "one")
        cell = {"cell_id": "c0", "revision": (await desk.snapshot()).cells[0].revision}
        for name, arguments in (("run_cells", {"cells": [cell]}), ("run_code", {"code": "1"})):
            answer = await desk.answer(name, "one", **arguments)
            assert answer.is_error
            assert "it was not run again" in text_of(answer)
        assert desk.permits.asked == [], "nobody is asked about what will not be done"
        assert not (server.root / "ran.txt").exists()
        assert "ended well" in await desk.do("run_cells", cells=[cell])
        assert (server.root / "ran.txt").read_text() == "x"


def test_a_job_of_a_killed_server_is_told_as_lost_and_not_run_again(
    make_lab: LabMaker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root, data = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("data")
    with one_of_two(make_lab, root, data) as there:
        there.lab.notebook("lost.ipynb", "import time; print('begun', flush=True); time.sleep(600)")
        assert "runs, for" in begin(there, "lost.ipynb")
        until_printed(there, "lost.ipynb", "begun")
        (pid,) = [one["pid"] for one in list_running_servers() if one["url"] == there.lab.server.url]
        os.kill(pid, signal.SIGKILL)
    with one_of_two(make_lab, root, data) as there:
        notebook_id = there.lab.open("lost.ipynb")["notebookId"]
        told = there.follow(notebook_id, 0)
        while told.events[-1]["event"]["kind"] != "turn_ended" or told.text != "Heard of it.":
            told = there.follow(notebook_id, told.events[-1]["number"])
        started = [one["event"] for one in told.events if one["event"]["kind"] == "turn_started"][-1]
        assert started["origin"] == "job"
        assert "Job j1 (run " in started["prompt"]
        assert "was lost when the server was restarted" in started["prompt"]
        assert "was lost when the server was restarted" in there.turn("lost.ipynb", "POLL j1").text
        assert "job j1" not in there.turn("lost.ipynb", "STATUS").text
        assert "Job j2" in there.turn("lost.ipynb", "RUN print(1)").text, "a number is not used twice"
        assert "known: j1" in there.turn("lost.ipynb", "POLL j9").text
        told_of = [one for one in there.model.messages if "was lost when" in str(one.body["messages"][-1:])]
        assert len(told_of) == 2, "once by itself, and once when asked"
