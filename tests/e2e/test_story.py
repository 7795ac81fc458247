"""The story that must work, typed by a person: sandbox, stream, memory, another machine, interrupt, idle."""

from __future__ import annotations

import json
import shutil
import time

import pytest
from machine import LOAD, Machine, MakeMachine, running

from jupyter_agent_host.scripted_model import ScriptedModel

# Pairwise: each provider with and without a collaboration room at least once.
KINDS = [("docker", False), ("local", True), ("process", False)]
SALES = "month,revenue\nJanuary,100\nFebruary,90\nMarch,180\nApril,120\n"


def give_sales(machine: Machine) -> None:
    machine.notebook("demo.ipynb", LOAD)
    (machine.root / "sales.csv").write_text(SALES)


@pytest.mark.parametrize(("provider", "rtc"), KINDS)
def test_the_whole_story(make_machine: MakeMachine, model: ScriptedModel, provider: str, rtc: bool) -> None:
    one = make_machine("one", provider, rtc=rtc)
    give_sales(one)
    with running(one):
        page = one.page("demo.ipynb")
        page.run(LOAD)
        first = page.run("%%agent\nRead sales.csv, find the month with the highest revenue, and write it to answer.txt")
        assert not first.error, first.text
        assert (one.root / "answer.txt").read_text() == "March\n"
        assert "It was March." in first.text
        assert "cat sales.csv" in first.text
        assert "answer.txt" in first.text
        second = page.run("%%agent\nPlease recall")
        assert "highest revenue" in second.text
        if provider == "process":
            assert "not isolated" in second.text
        envelope = page.save()["agent_host"]
        assert len(envelope["chunks"]) == 2
        page.close()

    with running(one):
        page = one.page("demo.ipynb")
        page.run(LOAD)
        again = page.run("%%agent\nPlease recall once more")
        assert "highest revenue" in again.text
        assert "trust" not in again.text
        page.save()
        page.close()

    two = make_machine("two", provider, rtc=rtc)
    shutil.copy(one.root / "demo.ipynb", two.root / "demo.ipynb")
    with running(two):
        page = two.page("demo.ipynb")
        page.run(LOAD)
        asked = len(model.requests)
        refused = page.run("%%agent\nPlease recall")
        assert len(model.requests) == asked
        assert "%agent trust" in refused.text
        assert "highest revenue" in refused.text
        assert "highest revenue" in page.run("%agent history").text
        page.run("%agent trust")
        resumed = page.run("%%agent\nPlease recall")
        assert "highest revenue" in resumed.text
        assert "highest revenue" in json.dumps(model.requests[-1].body["messages"])
        page.close()


@pytest.mark.parametrize("provider", ["docker", "local"])
def test_interrupt_and_idle(make_machine: MakeMachine, provider: str) -> None:
    machine = make_machine("one", provider, idle_timeout=2)
    give_sales(machine)
    with running(machine):
        page = machine.page("demo.ipynb")
        page.run(LOAD)
        stopped = page.run("%%agent\nCount slowly", interrupt_when="word3")
        assert stopped.seconds < 1.5
        assert "nterrupted" in stopped.text
        assert stopped.error == "AgentInterrupted"  # so that Run All stops there, too
        notebook_id = machine.http.post("agent-host/open", json={"path": "demo.ipynb"}).json()["notebookId"]
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            state = machine.http.post(f"agent-host/notebooks/{notebook_id}/status", json={}).json()["state"]
            if state == "stopped":
                break
            time.sleep(0.2)
        assert state == "stopped"
        assert "Count slowly" in page.run("%%agent\nPlease recall").text


@pytest.mark.parametrize("provider", ["docker", "local"])
def test_the_key_is_nowhere_near_the_agent_or_the_kernel(
    make_machine: MakeMachine, model: ScriptedModel, provider: str
) -> None:
    machine = make_machine("one", provider)
    give_sales(machine)
    (machine.root / "decoy.txt").write_text("sk-e2e-decoy")
    with running(machine):
        page = machine.page("demo.ipynb")
        page.run(LOAD)
        looked = page.run("%%agent\nPlease look around")
        assert "I looked." in looked.text
        found = json.dumps(model.requests[-1].body["messages"][-1])
        assert "decoy.txt:sk-e2e-decoy" in found, "what lies there is found"
        assert "looked everywhere" in found
        assert "sk-e2e-secret" not in found
        assert "sk-e2e-secret" not in json.dumps(looked.outputs)
        kernel = page.run("import os; print([name for name in os.environ if 'sk-e2e' in os.environ[name]])")
        assert kernel.text.strip() == "[]"
        page.save()
        page.close()
    assert "sk-e2e-secret" not in (machine.root / "demo.ipynb").read_text()
    assert "sk-e2e-secret" not in machine.log.read_text()
