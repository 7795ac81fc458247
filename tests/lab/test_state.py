"""The server is the truth: reloads, several pages, saved notebooks, and notebooks of somebody else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from jupyter_agent_host.cli.shared.own_server import own_server

LONG = 30_000


def _words(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"word(\d+)", text)]


def test_a_lost_connection_comes_back_without_gaps_or_doubles(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("offline.ipynb", "1 + 1")
    page = window()
    sockets: list[Any] = []
    page.page.route_web_socket(
        re.compile("events/socket"), lambda socket: (sockets.append(socket), socket.connect_to_server())
    )
    page.open("offline.ipynb")
    page.ask("count please")
    answer = page.turns.first.locator(".jp-AgentHost-markdown")
    expect(answer).to_contain_text("word5", timeout=LONG)
    before = len(sockets)
    sockets[-1].close(code=1001)
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.panel.get_by_text("Connection lost")).to_have_count(0)
    expect(answer).to_contain_text("END")
    assert len(sockets) > before
    assert _words(answer.inner_text()) == list(range(1, 81))


def test_the_session_is_saved_with_the_notebook_without_a_dialog(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("saved.ipynb", "1 + 1")
    page = window("saved.ipynb")
    page.ask("hello")
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    held = "() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.getMetadata('agent_host')"
    page.page.wait_for_function(f"{held.replace('() => ', '() => !!')}")
    for _ in range(2):
        page.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
        expect(page.page.locator(".jp-Dialog")).to_have_count(0)
    assert page.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.dirty") is False
    assert lab.metadata("saved.ipynb")["agent_host"] == page.page.evaluate(held)


@pytest.fixture
def foreign_notebook(lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A notebook whose conversation another server signed."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    root = tmp_path / "root"
    root.mkdir()
    lab.notebook("theirs.ipynb", "1 + 1")
    (lab.root / "theirs.ipynb").rename(root / "theirs.ipynb")
    agent = {
        "provider": "process",
        "allow_unsandboxed": True,
        "scripted_model": "demo",
        "data_dir": str(tmp_path / "a"),
    }
    config = {"AgentHost": agent, "YDocExtension": {"disable_rtc": True}}
    with own_server(root, config=config) as server, server.client() as http:
        found = http.post("agent-host/open", json={"path": "theirs.ipynb"}).json()["notebookId"]
        prompt = {"prompt": "A question of somebody else"}
        accepted = http.post(f"agent-host/notebooks/{found}/prompt", json=prompt).json()
        request = {"after": accepted["after"], "turnId": accepted["turnId"]}
        assert "turn_ended" in http.post(f"agent-host/notebooks/{found}/events", json=request).text
        assert http.get(f"agent-host/notebooks/{found}/envelope", params={"wait": "1"}).json()
        content = json.loads((root / "theirs.ipynb").read_text())
        saved = http.put("api/contents/theirs.ipynb", json={"type": "notebook", "content": content})
        assert saved.status_code == 200
    (lab.root / "theirs.ipynb").write_bytes((root / "theirs.ipynb").read_bytes())
    return "theirs.ipynb"


def test_a_foreign_conversation_is_shown_and_resumed_when_told(
    lab: Any, window: Callable[..., Any], foreign_notebook: str
) -> None:
    page = window(foreign_notebook)
    expect(page.panel).to_contain_text("A question of somebody else")
    expect(page.prompt_box).to_have_count(0)
    page.shot("foreign")
    page.panel.get_by_role("button", name="Resume as mine").click()
    expect(page.prompt_box).to_be_visible()
    expect(page.panel).to_contain_text("A question of somebody else")
    page.ask("hello")
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    page.shot("foreign-resumed")
