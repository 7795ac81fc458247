"""Saving: whichever way a notebook is saved, its session is in it, and nobody's work is lost. Real turns."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from server_lab import Lab, LabMaker
from websockets.sync.client import connect

HELLO = "Say hello"
AGAIN = "What did I ask you before?"
RECALLS = f'The first one: "{HELLO}"'
ASKED_ABOUT = ("foreign", "unsigned", "corrupt", "diverged")


def eventually(found: Callable[[], Any]) -> Any:
    """What `found` gives once it gives something."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError("it did not happen within 20 s")


@pytest.fixture(scope="module")
def asked(lab: Lab) -> str:
    """A notebook with one turn, saved by a page that knows nothing of agents."""
    lab.notebook("asked.ipynb", "1 + 1")
    assert "scripted" in lab.ask("asked.ipynb", HELLO)
    lab.save("asked.ipynb", {"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    return "asked.ipynb"


def test_a_save_holds_the_session_and_the_same_save_the_same_bytes(lab: Lab, asked: str) -> None:
    before = lab.metadata(asked)
    assert before["kernelspec"]["name"] == "python3"
    assert before["agent_host"]["notebook_id"] == lab.open(asked)["notebookId"]
    assert len(before["agent_host"]["chunks"]) == 1
    content = (lab.root / asked).read_bytes()
    lab.save(asked, {"kernelspec": before["kernelspec"]})
    assert (lab.root / asked).read_bytes() == content


def test_our_own_saved_state_is_not_asked_about(lab: Lab, asked: str) -> None:
    assert lab.open(asked)["trust"] not in ASKED_ABOUT


def test_the_file_is_written_by_saves_alone(lab: Lab) -> None:
    path = lab.notebook("untouched.ipynb", "1 + 1")
    content, stamp = path.read_bytes(), path.stat().st_mtime_ns
    lab.ask("untouched.ipynb", HELLO)
    envelope = lab.http.get(f"agent-host/notebooks/{lab.open('untouched.ipynb')['notebookId']}/envelope?wait=1").json()
    assert envelope["chunks"]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, stamp)


def test_pages_are_told_that_there_is_something_to_save(lab: Lab) -> None:
    lab.notebook("told.ipynb")
    url = f"{lab.server.url.replace('http', 'ws', 1)}api/events/subscribe"
    with connect(url, additional_headers={"Authorization": f"token {lab.server.token}"}, proxy=None) as socket:
        lab.ask("told.ipynb", HELLO)
        while True:
            event = json.loads(socket.recv(timeout=20))
            if event["schema_id"] == "https://schema.jupyter.org/jupyter_agent_host/envelope/v1":
                break
    assert event["path"] == "told.ipynb"
    assert event["notebook_id"] == lab.open("told.ipynb")["notebookId"]


def test_a_new_notebook_of_the_same_name_is_a_new_one(lab: Lab) -> None:
    lab.notebook("again.ipynb")
    lab.ask("again.ipynb", HELLO)
    lab.save("again.ipynb")
    assert "agent_host" in lab.metadata("again.ipynb")
    assert lab.http.delete("api/contents/again.ipynb").status_code == 204
    lab.notebook("again.ipynb")
    lab.save("again.ipynb")
    assert "agent_host" not in lab.metadata("again.ipynb")


def test_a_renamed_folder_takes_its_sessions_along(lab: Lab) -> None:
    (lab.root / "old").mkdir()
    lab.notebook("old/a.ipynb")
    lab.ask("old/a.ipynb", HELLO)
    lab.save("old/a.ipynb")
    before = lab.open("old/a.ipynb")
    assert lab.http.patch("api/contents/old", json={"path": "new"}).status_code == 200
    lab.save("new/a.ipynb")
    assert lab.metadata("new/a.ipynb")["agent_host"]["notebook_id"] == before["notebookId"]
    after = lab.open("new/a.ipynb")
    assert (after["path"], after["notebookId"], after["turns"]) == ("new/a.ipynb", before["notebookId"], 1)


def test_a_copy_goes_its_own_way_and_is_saved_as_itself(lab: Lab, asked: str) -> None:
    copy = lab.http.post("api/contents/", json={"copy_from": asked}).json()["path"]
    original = lab.open(asked)
    assert lab.open(copy)["notebookId"] != original["notebookId"]
    assert RECALLS in lab.ask(copy, AGAIN)
    lab.save(copy)
    assert lab.metadata(copy)["agent_host"]["notebook_id"] == lab.open(copy)["notebookId"]
    lab.save(asked)
    assert lab.metadata(asked)["agent_host"]["notebook_id"] == original["notebookId"]


def test_a_page_from_before_a_restart_loses_nothing(make_lab: LabMaker, tmp_path: Path) -> None:
    traits = {"AgentHost": {"data_dir": str(tmp_path / "data")}}
    with make_lab(traits) as first:
        first.notebook("a.ipynb")
        first.ask("a.ipynb", HELLO)
        first.save("a.ipynb")
        saved = first.metadata("a.ipynb")["agent_host"]
    with make_lab(traits, first.root) as second:
        second.save("a.ipynb")  # while the host opens, as a rule
        assert second.metadata("a.ipynb")["agent_host"] == saved
        second.open("other.ipynb")
        second.save("a.ipynb")
        assert second.metadata("a.ipynb")["agent_host"] == saved
        assert RECALLS in second.ask("a.ipynb", AGAIN)
        second.save("a.ipynb")
        assert len(second.metadata("a.ipynb")["agent_host"]["chunks"]) == 2


def test_a_foreign_session_waits_for_the_person_and_is_kept(make_lab: LabMaker, lab: Lab, asked: str) -> None:
    notebook = json.loads((lab.root / asked).read_text())
    for signature in notebook["metadata"]["agent_host"]["signatures"]:
        signature["key_id"] = "0123456789abcdef"
    with make_lab() as elsewhere:
        (elsewhere.root / "a.ipynb").write_text(json.dumps(notebook))
        info = elsewhere.open("a.ipynb")
        assert info["trust"] == "foreign"
        url = f"agent-host/notebooks/{info['notebookId']}"
        refused = elsewhere.http.post(f"{url}/prompt", json={"prompt": HELLO})
        assert (refused.status_code, refused.json()["code"]) == (409, "envelope_untrusted")
        elsewhere.save("a.ipynb", notebook["metadata"])
        assert elsewhere.metadata("a.ipynb")["agent_host"] == notebook["metadata"]["agent_host"]
        assert elsewhere.http.post(f"{url}/trust", json={"choice": "resume"}).status_code == 200
        assert RECALLS in elsewhere.ask("a.ipynb", AGAIN)
        elsewhere.save("a.ipynb", notebook["metadata"])
        assert elsewhere.metadata("a.ipynb")["agent_host"] != notebook["metadata"]["agent_host"]
        assert elsewhere.open("a.ipynb")["trust"] not in ASKED_ABOUT


def test_the_server_goes_on_during_a_turn_that_can_be_interrupted(lab: Lab) -> None:
    lab.notebook("slow.ipynb")
    notebook_id = lab.open("slow.ipynb")["notebookId"]
    accepted = lab.http.post(f"agent-host/notebooks/{notebook_id}/prompt", json={"prompt": "count to 60"}).json()
    eventually(lambda: lab.open("slow.ipynb")["state"] == "working")
    assert lab.http.get("api/status").status_code == 200
    assert lab.http.post(f"agent-host/notebooks/{notebook_id}/interrupt", json={}).json()["ok"] is True
    request = {"after": accepted["after"], "turnId": accepted["turnId"]}
    with lab.http.stream("POST", f"agent-host/notebooks/{notebook_id}/events", json=request) as stream:
        events = [json.loads(line)["event"] for line in stream.iter_lines() if line.strip()]
    assert events[-1]["status"] == "interrupted"
