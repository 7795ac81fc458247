"""The Jupyter server dies in mid-turn; the sandbox it left is taken over, and the turn is whole in the end."""

from __future__ import annotations

import json
import time

from machine import LOAD, MakeMachine, running


def test_a_killed_server_loses_nothing_that_was_shown(make_machine: MakeMachine) -> None:
    machine = make_machine("one", "docker")
    machine.notebook("demo.ipynb", LOAD)
    machine.start()
    opened = machine.http.post("agent-host/open", json={"path": "demo.ipynb"}).json()
    notebook = f"agent-host/notebooks/{opened['notebookId']}"
    accepted = machine.http.post(f"{notebook}/prompt", json={"prompt": "Count slowly"}).json()
    request = {"after": accepted["after"], "turnId": accepted["turnId"]}
    shown = []
    with machine.http.stream("POST", f"{notebook}/events", json=request) as stream:
        for line in stream.iter_lines():
            if line.strip():
                shown.append(json.loads(line))
            if "word20 " in json.dumps(shown[-1:]) or len(shown) > 40:
                break
    machine.kill()
    time.sleep(1)
    with running(machine):
        with machine.http.stream("POST", f"{notebook}/events", json=request) as stream:
            after = [json.loads(line) for line in stream.iter_lines() if line.strip()]
        assert after[: len(shown)] == shown
        ended = after[-1]["event"]
        assert (ended["kind"], ended["status"]) == ("turn_ended", "completed")
        assert ended["text"] == " ".join(f"word{number}" for number in range(1, 61))
        page = machine.page("demo.ipynb")
        page.run(LOAD)
        assert "Count slowly" in page.run("%%agent\nPlease recall").text
        page.close()
