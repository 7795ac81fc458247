"""AgentWidget in a real JupyterLab and Notebook: asked, streamed, approved, interrupted, by page and by Python."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from on_disk import notebook_on_disk
from playwright.sync_api import Locator, expect

LONG = 60_000
pytestmark = pytest.mark.timeout(240)  # some 15 s each on an idle machine
RUN_ALL = "() => void window.jupyterapp.commands.execute('notebook:run-all-cells')"


def widget_of(page: Any, number: int = 0) -> Locator:
    found: Locator = page.page.locator(".agent-widget").nth(number)
    return found


def ask(widget: Locator, prompt: str) -> None:
    box = widget.get_by_label("Prompt to the agent")
    box.fill(prompt)
    box.press("Enter")


def test_a_conversation_in_two_widgets(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook(
        "widget.ipynb",
        "%load_ext jupyter_agent_host\n%agent widget",
        "from jupyter_agent_host import AgentWidget\nw = AgentWidget()\nw",
        "turn = w.ask('Write the report.')\n"
        "(w.wait(60).status, w.state, len(w.pending), w.cost_usd > 0, len(w.events) > 3)",
    )
    page = window("widget.ipynb")
    page.kernel_ready()
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    first, second = widget_of(page, 0), widget_of(page, 1)
    for widget in (first, second):
        expect(widget.locator(".agent-turn")).to_have_attribute("data-status", "completed", timeout=LONG)
        expect(widget).to_contain_text("What I found")
        expect(widget.locator("table td").first).to_have_text("February")
        expect(widget.locator(".agent-tool")).to_contain_text("echo one; echo two")
        expect(widget.locator(".agent-footer")).to_contain_text("scripted model, not a real one")
    result = page.page.locator(".jp-OutputArea-executeResult").last
    expect(result).to_contain_text("('completed', 'idle', 0, True, True)")
    page.shot("widget-light")

    ask(second, "be hostile")
    turn = first.locator(".agent-turn").nth(1)
    expect(turn).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(turn).to_contain_text("bold words")
    assert first.locator("script, style, iframe, img, svg, object, [onerror]").count() == 0
    hrefs = first.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert hrefs
    assert all(href.startswith(("https://", "http://")) for href in hrefs)
    assert page.page.title() != "owned"
    expect(page.turns).to_have_count(2)

    ask(first, "count please")
    running = second.locator(".agent-turn").nth(2)
    expect(running).to_contain_text("word3", timeout=LONG)
    first.get_by_role("button", name="Interrupt").click()
    expect(running).to_have_attribute("data-status", "interrupted", timeout=LONG)
    expect(running).to_contain_text("Interrupted: the agent stopped")
    page.theme("JupyterLab Dark")
    first.scroll_into_view_if_needed()
    page.shot("widget-dark")

    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    page.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    saved = notebook_on_disk(lab.root / "widget.ipynb")
    data = saved["cells"][1]["outputs"][0]["data"]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "Run this cell in Jupyter" in data["text/plain"]
    assert "Run this cell in Jupyter" in data["text/markdown"]


def test_a_question_is_answered_in_the_widget_while_a_cell_waits_for_it(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("asks.ipynb", "%load_ext jupyter_agent_host\n%agent mode default\n%agent widget", "%%agent\nrun it")
    page = window("asks.ipynb")
    page.kernel_ready()
    page.page.evaluate(RUN_ALL)
    question = widget_of(page).locator(".agent-question")
    expect(question).to_contain_text("made.txt", timeout=LONG)
    page.shot("widget-question")
    question.get_by_role("button", name="Allow once").click()
    expect(widget_of(page).locator(".agent-turn")).to_have_attribute("data-status", "completed", timeout=LONG)
    assert (lab.root / "made.txt").read_text() == "made\n"

    ask(widget_of(page), "run it again")
    expect(question).to_be_visible(timeout=LONG)
    question.get_by_label("Message to the agent with a denial").fill("not now")
    question.get_by_role("button", name="Deny").click()
    turn = widget_of(page).locator(".agent-turn").nth(1)
    expect(turn.locator(".agent-settled")).to_contain_text("not now", timeout=LONG)
    expect(turn).to_have_attribute("data-status", "completed", timeout=LONG)


def test_a_page_that_was_left_and_the_kernel_that_went(lab: Any, window: Callable[..., Any]) -> None:
    """Loaded anew the widget is alive; earlier turns come on request; without its kernel it says so and still reads."""
    lab.notebook("left.ipynb", "%load_ext jupyter_agent_host", "%agent widget")
    page = window("left.ipynb")
    page.kernel_ready()
    for number in range(11):
        lab.call("left.ipynb", "prompt", prompt=f"number {number}")
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.turns.last).to_contain_text("number 10", timeout=LONG)
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    widget = widget_of(page)
    expect(widget.locator(".agent-turn").last).to_contain_text("number 10", timeout=LONG)
    expect(widget.locator(".agent-turn")).to_have_count(10)
    widget.get_by_role("button", name="Show 1 earlier turn").click()
    expect(widget.locator(".agent-turn")).to_have_count(11, timeout=LONG)
    expect(widget.locator(".agent-turn").first).to_contain_text("number 0")
    expect(widget.locator(".agent-more")).to_be_hidden()

    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    page.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.open("left.ipynb", reset=False)
    expect(widget.locator(".agent-turn").last).to_contain_text("number 10", timeout=LONG)
    ask(widget, "After the reload")
    last = widget.locator(".agent-turn", has_text="After the reload")
    expect(last).to_have_attribute("data-status", "completed", timeout=LONG)

    page.kernel_ready()
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.kernel_ready()
    ask(widget, "Are you there?")
    expect(widget.locator(".agent-problem")).to_contain_text("run this cell again", timeout=LONG)
    expect(last).to_contain_text("You said nothing that I know.")


def _is_idle(lab: Any, path: str) -> bool:
    """Whether the notebook's page is connected to its kernel, and the kernel waits."""
    kernels = [each["kernel"] for each in lab.http.get("api/sessions").json() if each["path"] == path]
    return any(kernel["execution_state"] == "idle" and kernel["connections"] for kernel in kernels)


def test_notebook_7(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("seven.ipynb", "%load_ext jupyter_agent_host\n%agent widget")
    page = window()
    page.page.goto(f"{lab.server.url}notebooks/seven.ipynb?token={lab.server.token}")
    cell = page.page.locator(".jp-CodeCell .cm-content").first
    cell.click()
    deadline = time.monotonic() + 60
    while not _is_idle(lab, "seven.ipynb"):
        assert time.monotonic() < deadline
        page.page.wait_for_timeout(100)
    page.page.keyboard.press("Control+Enter")
    widget = widget_of(page)
    ask(widget, "Write the report.")
    expect(widget.locator(".agent-turn")).to_have_attribute("data-status", "completed", timeout=LONG)
    page.shot("widget-notebook7")
