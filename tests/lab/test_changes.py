"""What a turn changed, reviewed in the panel: looked at, taken back beside the person's edits, found from a cell."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

LONG = 30_000


def test_a_turn_is_reviewed_and_taken_back(lab: Any, window: Callable[..., Any]) -> None:
    data, made = lab.root / "review.csv", lab.root / "review.txt"
    data.write_text("month,revenue\nmay,3\njune,5\njuly,8\n")
    lab.notebook("review.ipynb", "%load_ext jupyter_agent_host", "1 + 1")
    page = window("review.ipynb")
    page.ask("tidy up")
    review = page.panel.locator(".jp-AgentHost-review")
    expect(review).to_contain_text("3 files changed", timeout=LONG)
    expect(review).to_contain_text("2 to review · 1 not in your folder yet")
    assert data.read_text() == "month,revenue\nmay,4\njune,5\njuly,8\n"
    assert not (lab.root / ".rc").exists()

    change = review.locator("[data-key='review.csv']")
    change.locator("summary").first.click()
    expect(change.locator("[data-sign='-']")).to_have_text("- may,3\n")
    expect(change.locator("[data-sign='+']")).to_have_text("+ may,4\n")
    page.shot("review")
    page.theme("JupyterLab Dark")
    page.shot("review-dark")
    page.theme("JupyterLab Light")

    other = window("review.ipynb")
    review.get_by_role("button", name="Accept .rc").click()
    expect(review.locator("[data-key='.rc']")).to_have_attribute("data-state", "accepted")
    expect(other.panel.locator("[data-key='.rc']")).to_have_attribute("data-state", "accepted")
    assert (lab.root / ".rc").read_text() == "x\n"

    data.write_text("month,revenue\nmay,4\njune,5\njuly,9\n")
    made.write_text("mine\n")
    review.get_by_role("button", name="Reject all").click()
    conflict = review.locator(".jp-AgentHost-conflict")
    expect(conflict).to_contain_text("review.txt: you changed this file after the agent did", timeout=LONG)
    assert data.read_text() == "month,revenue\nmay,3\njune,5\njuly,9\n"
    assert made.read_text() == "mine\n"
    page.shot("review-conflict")
    keep = conflict.get_by_role("button", name="Keep mine")
    keep.focus()
    page.page.keyboard.press("Enter")
    expect(conflict).to_have_count(0)
    expect(review).to_contain_text("1 accepted · 2 taken back")
    expect(other.panel.locator("[data-key='review.txt']")).to_have_attribute("data-state", "rejected")
    assert made.read_text() == "mine\n"
    review.get_by_role("button", name="Undo turn").click()
    expect(review.locator("[data-key='.rc']")).to_have_attribute("data-state", "undone")
    assert not (lab.root / ".rc").exists()
    page.shot("review-undone")


def test_a_cell_leads_to_its_turn(lab: Any, window: Callable[..., Any]) -> None:
    path = lab.notebook("provenance.ipynb", "x = 1", "y = 2")
    page = window("provenance.ipynb")
    for prompt in ("report one", "report two", "report three"):
        page.ask(prompt)
        expect(page.turns.last).to_contain_text(prompt, timeout=LONG)
        expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    turn_id = page.turns.first.get_attribute("data-turn")
    page.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context.model.dirty === false")
    page.page.goto("about:blank")
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["metadata"]["agent_host"] = {"turn_id": turn_id, "how": "edited"}
    path.write_text(json.dumps(notebook))

    page.open("provenance.ipynb")
    entry = page.page.get_by_text("Turn for This Cell")
    page.page.locator(".jp-Notebook .jp-Cell").nth(1).click(button="right")
    expect(page.page.locator(".lm-Menu")).to_be_visible()
    expect(entry).to_be_hidden()
    page.page.keyboard.press("Escape")
    page.page.locator(".jp-Notebook .jp-Cell").first.click(button="right")
    entry.click()
    expect(page.panel.locator(f"article[data-turn='{turn_id}']")).to_be_in_viewport(timeout=LONG)
    expect(page.panel.locator(f"article[data-turn='{turn_id}']")).to_be_focused()
    page.shot("provenance")
