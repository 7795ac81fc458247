"""Notebook 7: the same panel and the same turns in cells, in a page that holds one notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

LONG = 30_000


def test_panel_and_cells_work_in_notebook_7(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("seven.ipynb", "%load_ext jupyter_agent_host", "%%agent\na report please")
    page = window()
    page.page.goto(f"{lab.server.url}notebooks/seven.ipynb?token={lab.server.token}")
    page.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.context?.isReady === true")
    page.kernel_ready()
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    output = page.page.locator(".jp-OutputArea-output .jp-AgentHost-turn")
    expect(output).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(output.locator("table")).to_be_visible()
    page.show()
    expect(page.panel.locator(".jp-AgentHost-title")).to_have_text("seven.ipynb")
    expect(page.turns).to_have_count(1)
    page.ask("hello")
    expect(page.turns).to_have_count(2)
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    expect(page.page.locator(".jp-Dialog")).to_have_count(0)
    assert "agent_host" in lab.metadata("seven.ipynb")
    page.panel.get_by_role("button", name="History").click()
    expect(page.panel.locator(".jp-AgentHost-session")).to_have_count(1)
    page.shot("notebook7-light")
    page.theme("JupyterLab Dark")
    page.shot("notebook7-dark")
    page.theme("JupyterLab Light")
