"""AgentWidget in a notebook that is shared live: asked and answered in the page, fit for everybody in both themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

LONG = 60_000
RTC = True
pytestmark = pytest.mark.timeout(240)


def test_a_widget_in_a_shared_notebook_asks_answers_and_shuts_nobody_out(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("together.ipynb", "%load_ext jupyter_agent_host\n%agent mode default\n%agent widget")
    page = window("together.ipynb")
    page.kernel_ready()
    page.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    widget = page.page.locator(".agent-widget")
    box = widget.get_by_label("Prompt to the agent")
    box.fill("Write the report.")
    box.press("Enter")
    expect(widget.locator(".agent-turn").first).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(widget.locator("table td").first).to_have_text("February")
    box.fill("run it")
    box.press("Enter")
    question = widget.locator(".agent-question")
    expect(question).to_contain_text("made.txt", timeout=LONG)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.theme(theme)
        widget.scroll_into_view_if_needed()
        page.shot(f"widget-together-{theme[-5:].strip().lower()}")
        assert page.serious(".agent-widget") == []
    question.get_by_role("button", name="Allow once").click()
    expect(widget.locator(".agent-turn").nth(1)).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.turns).to_have_count(2, timeout=LONG)
    expect(page.page.locator(".jp-Dialog")).to_have_count(0)
