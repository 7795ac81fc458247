"""A turn that changed cells, decided on in a page's panel: rejected in part, undone beside the person's own edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from on_disk import sources_on_disk
from playwright.sync_api import Locator, expect

from jupyter_agent_host.host.notebook.cells import revision_of

LONG = 60_000

pytestmark = [pytest.mark.timeout(300), pytest.mark.parametrize("lab", [False, True], indirect=True)]

SOURCES = ["a = 1\nb = 1\nc = 1", "two = 2", "three = 3", "four = 4"]
_OF_PAGE = "[...window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells].map(cell => cell.getSource())"


def make(lab: Any, name: str) -> None:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    cells = [new_code_cell(source, id=f"c{index}") for index, source in enumerate(SOURCES)]
    nbformat.write(new_notebook(cells=cells, metadata=kernel), lab.root / name)
    lab.call(name, "notebook_mode", mode="auto")


def holds(view: Any, sources: list[str]) -> None:
    """Wait for the page to hold these cells."""
    same = f"wanted => JSON.stringify({_OF_PAGE}) === JSON.stringify(wanted)"
    try:
        view.page.wait_for_function(same, arg=sources, timeout=LONG, polling=100)
    finally:
        assert view.page.evaluate(f"() => {_OF_PAGE}") == sources


def rework(view: Any) -> Locator:
    """One turn that edits two cells, inserts one, deletes one and moves one; what the panel shows of it."""
    first, second, third = (revision_of("code", source) for source in SOURCES[:3])
    view.ask(f"rework {first} {second} {third}")
    expect(view.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    holds(view, ["four = 4", "a = 9\nb = 1\nc = 1", "TWO = 2", "new = 5"])
    review: Locator = view.panel.locator(".jp-AgentHost-review").last
    expect(review).to_contain_text("5 cells changed", timeout=LONG)
    review.locator("summary").first.click()
    return review


def write_into(view: Any, index: int, text: str) -> None:
    """Put text into a cell as the person does, at its very end."""
    view.page.locator(".jp-Notebook .jp-Cell .cm-content").nth(index).click()
    view.page.keyboard.press("Control+End")
    view.page.keyboard.type(text)


def test_one_cell_is_accepted_one_rejected_and_the_turn_undone(lab: Any, window: Callable[..., Any]) -> None:
    make(lab, "decide.ipynb")
    view = window("decide.ipynb")
    review = rework(view)
    review.locator("[data-key='c0']").get_by_role("button", name="Accept").click()
    expect(review.locator("[data-key='c0']")).to_have_attribute("data-state", "accepted")
    view.shot("review-cells")
    review.locator("[data-key='c1']").get_by_role("button", name="Reject").click()
    expect(review.locator("[data-key='c1']")).to_have_attribute("data-state", "rejected")
    holds(view, ["four = 4", "a = 9\nb = 1\nc = 1", "two = 2", "new = 5"])

    review.get_by_role("button", name="Undo turn").click()
    holds(view, SOURCES)
    for key in ("c0", "c2", "c3"):
        expect(review.locator(f"[data-key='{key}']")).to_have_attribute("data-state", "undone")
    view.shot("review-cells-undone")
    view.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    view.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    expect(view.page.locator(".jp-Dialog")).to_have_count(0)
    assert sources_on_disk(lab.root / "decide.ipynb") == SOURCES


def test_what_the_person_wrote_since_survives_the_undo_and_a_conflict_is_shown(
    lab: Any, window: Callable[..., Any]
) -> None:
    make(lab, "since.ipynb")
    view = window("since.ipynb")
    review = rework(view)
    write_into(view, 1, "0")
    write_into(view, 2, "0  # mine")
    holds(view, ["four = 4", "a = 9\nb = 1\nc = 10", "TWO = 20  # mine", "new = 5"])

    review.get_by_role("button", name="Reject all").click()
    conflict = review.locator(".jp-AgentHost-conflict")
    expect(conflict).to_contain_text("you changed this cell after the agent did", timeout=LONG)
    holds(view, ["a = 1\nb = 1\nc = 10", "TWO = 20  # mine", "three = 3", "four = 4"])
    view.shot("review-cells-conflict")
    conflict.get_by_role("button", name="Go back to before").click()
    expect(conflict).to_have_count(0)
    holds(view, ["a = 1\nb = 1\nc = 10", "two = 2", "three = 3", "four = 4"])
    expect(review.locator("[data-key='c1']")).to_have_attribute("data-state", "rejected")
    view.ask("hello again")
    expect(view.turns).to_have_count(2, timeout=LONG)
    expect(view.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
