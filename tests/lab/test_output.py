"""Turns in cell outputs, and hostile text wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

LONG = 30_000


def _inert(page: Any, shown: Any) -> None:
    expect(shown).to_contain_text("bold words", timeout=LONG)
    ours = "button:not(.jp-AgentHost-codeBar > *)"
    forbidden = f"script, style, iframe, form, {ours}, input, svg:not(mjx-container svg), object, [onerror], [style]"
    inside = shown.locator(".jp-AgentHost-markdown")
    assert inside.locator(forbidden).count() == 0
    assert inside.locator("img").count() == 0
    hrefs = inside.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert "https://example.com/deep/page" in hrefs
    assert not [href for href in hrefs if href.startswith("javascript:")]
    expect(inside.first).to_contain_text("example.com")
    assert page.page.title() != "owned"


def test_hostile_text_asks_nobody_and_does_nothing(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("hostile.ipynb", "%load_ext jupyter_agent_host", "%%agent\nSay something hostile.")
    page = window("hostile.ipynb")
    page.ask("be hostile")
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    _inert(page, page.turns.first)
    page.kernel_ready()
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    output = page.page.locator(".jp-OutputArea-output .jp-AgentHost-turn")
    expect(output).to_have_attribute("data-status", "completed", timeout=LONG)
    _inert(page, output)
    page.shot("hostile")


def test_a_cell_shows_its_turn_live_and_keeps_it(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("cell.ipynb", "%load_ext jupyter_agent_host", "%%agent\ncount please")
    page = window("cell.ipynb")
    page.kernel_ready()
    page.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    output = page.page.locator(".jp-OutputArea-output .jp-AgentHost-turn")
    expect(output).to_contain_text("word3", timeout=LONG)
    page.shot("cell-live")
    expect(output).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(output).to_contain_text("END")
    expect(page.turns.first).to_contain_text("END")
    expect(page.state).to_have_text("idle")
    page.shot("cell-done")
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    page.open("cell.ipynb")
    expect(output).to_contain_text("END")


def test_a_cell_asks_in_its_output(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("cellask.ipynb", "%load_ext jupyter_agent_host", "%%agent --permission-mode default\nrun it")
    page = window("cellask.ipynb")
    page.kernel_ready()
    page.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    output = page.page.locator(".jp-OutputArea-output")
    expect(output.locator(".jp-AgentHost-approval")).to_be_visible(timeout=LONG)
    expect(page.page.locator(".jp-Stdin")).to_have_count(0)
    page.shot("cell-approval")
    output.get_by_role("button", name="Allow once").click()
    expect(output.locator(".jp-AgentHost-turn")).to_have_attribute("data-status", "completed", timeout=LONG)


def test_a_turn_whose_page_was_reloaded_ends_in_its_cell(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("gone.ipynb", "%load_ext jupyter_agent_host", "%%agent\ncount please")
    page = window("gone.ipynb")
    page.kernel_ready()
    page.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    output = page.page.locator(".jp-OutputArea-output .jp-AgentHost-turn")
    expect(output).to_contain_text("word3", timeout=LONG)
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    page.open("gone.ipynb")
    expect(output).to_have_count(1)
    expect(output).to_have_attribute("data-status", "completed", timeout=LONG)
    saved = (
        "() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.getOutputs())"
    )
    page.page.wait_for_function(f"() => ({saved})().includes('word80') && !({saved})().includes('running')")
    assert page.page.evaluate(saved).count("display_data") == 1
    page.shot("cell-completed")
