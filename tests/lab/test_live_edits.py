"""The agent works in the notebook that a person has open: unsaved text is seen and kept, who types is left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from on_disk import sources_on_disk
from playwright.sync_api import expect

from jupyter_agent_host.host.notebook.cells import revision_of

LONG = 60_000

pytestmark = pytest.mark.timeout(600)


def make(lab: Any, name: str, mode: str) -> Path:
    cells = [new_code_cell(source, id=f"c{index}") for index, source in enumerate(["a = 1", "b = 2", "c = 3"])]
    path: Path = lab.root / name
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), path)
    lab.call(name, "notebook_mode", mode=mode)
    return path


def sources(page: Any) -> list[str]:
    found: list[str] = page.evaluate(
        "() => [...window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells].map(cell => cell.getSource())"
    )
    return found


def type_into(page: Any, index: int, text: str) -> None:
    page.locator(".jp-Notebook .jp-Cell .cm-content").nth(index).click()
    page.keyboard.press("End")
    page.keyboard.type(text)


def last_turn(view: Any, count: int) -> Any:
    expect(view.turns).to_have_count(count, timeout=LONG)
    expect(view.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    return view.turns.last


def test_edits_reach_the_open_page_beside_what_the_person_types(lab: Any, window: Callable[..., Any]) -> None:
    path = make(lab, "live.ipynb", "ask")
    view = window("live.ipynb")
    type_into(view.page, 0, " + 10")
    view.ask("look at the cells")
    turn = last_turn(view, 1)
    expect(turn).to_contain_text("unsaved changes")
    expect(turn).to_contain_text("a = 1 + 10")

    view.ask("insert below c0: added = 1")
    asked = view.panel.locator(".jp-AgentHost-approval")
    expect(asked).to_be_visible(timeout=LONG)
    expect(asked).to_contain_text("added = 1")
    view.shot("live-edit-asked")
    assert sources(view.page) == ["a = 1 + 10", "b = 2", "c = 3"]
    asked.get_by_role("button", name="Allow once").click()
    expect(last_turn(view, 2)).to_contain_text("Inserted")
    assert sources(view.page) == ["a = 1 + 10", "added = 1", "b = 2", "c = 3"]
    assert sources_on_disk(path) == ["a = 1", "b = 2", "c = 3"], "the person saves, not the agent"
    view.shot("live-edit-done")

    revision = revision_of("code", "b = 2")
    view.ask(f"edit c1 at {revision}: b = 99")
    expect(asked).to_be_visible(timeout=LONG)
    type_into(view.page, 2, " + 20")
    asked.get_by_role("button", name="Allow once").click()
    turn = last_turn(view, 3)
    expect(turn).to_contain_text("The person is typing in cell c1")
    expect(turn).to_contain_text("b = 2 + 20")
    assert sources(view.page) == ["a = 1 + 10", "added = 1", "b = 2 + 20", "c = 3"]
    view.ask(f"edit c1 at {revision_of('code', 'b = 2 + 20')}: b = 99")
    expect(last_turn(view, 4)).to_contain_text("typing")
    expect(asked).to_have_count(0)
    view.shot("typing-conflict")

    view.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    view.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    expect(view.page.locator(".jp-Dialog")).to_have_count(0)
    assert sources_on_disk(path) == ["a = 1 + 10", "added = 1", "b = 2 + 20", "c = 3"]


def test_two_pages_one_page_and_none(lab: Any, window: Callable[..., Any]) -> None:
    path = make(lab, "pages.ipynb", "auto")
    one, two = window("pages.ipynb"), window("pages.ipynb")
    revision = revision_of("code", "c = 3")
    type_into(two.page, 0, " + 5")
    expect(two.page.locator(".jp-Notebook .cm-content").first).to_contain_text("a = 1 + 5")
    two.ask(f"edit c2 at {revision}: c = 4")
    expect(last_turn(two, 1)).to_contain_text("Edited")
    assert sources(two.page) == ["a = 1 + 5", "b = 2", "c = 4"], "the page with unsaved work is the one that is edited"
    type_into(one.page, 1, " + 6")
    one.ask("insert below c0: never")
    expect(last_turn(one, 2)).to_contain_text("two pages")
    assert "never" not in sources(one.page) + sources(two.page)

    two.page.close()
    one.ask("insert below c2: from one")
    expect(last_turn(one, 3)).to_contain_text("Inserted")
    assert sources(one.page) == ["a = 1", "b = 2 + 6", "c = 3", "from one"]
    one.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    one.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    one.page.close()
    for session in lab.http.get("api/sessions").json():
        if session["path"] == "pages.ipynb":
            lab.http.delete(f"api/sessions/{session['id']}")
    found = lab.http.post("agent-host/open", json={"path": "pages.ipynb"}).json()["notebookId"]
    request = {"prompt": "insert below c1: in the file", "origin": "panel"}
    accepted = lab.http.post(f"agent-host/notebooks/{found}/prompt", json=request).json()
    events = {"after": accepted["after"], "turnId": accepted["turnId"]}
    with lab.http.stream("POST", f"agent-host/notebooks/{found}/events", json=events, timeout=60) as stream:
        assert any("turn_ended" in line for line in stream.iter_lines())
    assert sources_on_disk(path) == ["a = 1", "b = 2 + 6", "in the file", "c = 3", "from one"]
