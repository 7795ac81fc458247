"""The session of a notebook in the panel: its head, its history, forks, export, and the notebook without it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

LONG = 30_000


def _answered(page: Any, prompt: str, turns: int) -> None:
    page.ask(prompt)
    expect(page.turns).to_have_count(turns)
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)


def _menu(page: Any, entry: str) -> None:
    page.panel.get_by_role("button", name="More actions").click()
    page.page.locator(".lm-Menu-item").filter(has_text=entry).click()


def _both_themes(page: Any, name: str) -> None:
    page.shot(f"{name}-light")
    page.theme("JupyterLab Dark")
    page.shot(f"{name}-dark")
    page.theme("JupyterLab Light")


def test_the_head_tells_what_is_true(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("sessions.ipynb", "1 + 1")
    page = window("sessions.ipynb")
    panel = page.panel
    expect(panel.locator(".jp-AgentHost-header")).to_contain_text("no sandbox")
    _answered(page, "a report please", 1)
    head = panel.locator(".jp-AgentHost-header")
    expect(head.locator(".jp-AgentHost-state")).to_have_text("idle")
    expect(head).to_contain_text("not isolated")
    expect(head).to_contain_text(re.compile(r"Estimate: turn \$0\.\d+ · notebook \$0\.\d+"))
    meter = head.get_by_role("meter", name="Context window")
    expect(meter).to_have_attribute("aria-valuetext", re.compile(r"\d+k of \d+k tokens"))
    head.get_by_role("button", name=re.compile("Context")).click()
    expect(head.locator(".jp-AgentHost-contextParts dl")).to_be_visible(timeout=LONG)
    head.get_by_role("button", name="Rename the session").click()
    head.get_by_label("Title of the session").fill("What sold best")
    head.get_by_label("Title of the session").press("Enter")
    expect(head.locator(".jp-AgentHost-title")).to_have_text("What sold best")
    expect(head.get_by_label("Model")).to_contain_text("Other…")
    head.get_by_label("Model").select_option("sonnet")
    expect(head.get_by_label("Model")).to_have_value("sonnet")
    _both_themes(page, "head")
    head.get_by_role("button", name=re.compile("Context")).click()
    expect(head.locator(".jp-AgentHost-contextParts")).to_have_count(0)
    head.get_by_label("Model").select_option("")
    expect(head.get_by_label("Model")).to_have_value("")


def test_the_history_goes_on_from_anywhere(lab: Any, window: Callable[..., Any], tmp_path: Path) -> None:
    lab.notebook("history.ipynb", "1 + 1")
    page = window("history.ipynb")
    panel, head = page.panel, page.panel.locator(".jp-AgentHost-header")
    _answered(page, "a report please", 1)
    lab.call("history.ipynb", "rename", title="What sold best")
    _answered(page, "hello there", 2)
    expect(head.locator(".jp-AgentHost-title")).to_have_text("What sold best")
    head.get_by_role("button", name="New session").click()
    expect(page.turns).to_have_count(0)
    _answered(page, "another matter", 1)
    head.get_by_role("button", name="History").click()
    sessions = panel.locator(".jp-AgentHost-session")
    expect(sessions).to_have_count(2)
    expect(sessions.first).to_contain_text("another matter")
    expect(sessions.first).to_contain_text("current")
    expect(sessions.last).to_contain_text("What sold best")
    expect(sessions.last).to_contain_text("2 turns")
    sessions.last.get_by_role("button", name="Show the turns").click()
    expect(sessions.last.locator("ol > li")).to_have_count(2)
    _both_themes(page, "history")

    sessions.last.get_by_role("button", name="Fork from here").first.click()
    expect(page.turns).to_have_count(1)
    expect(page.turns.first).to_contain_text("a report please")
    _answered(page, "recall", 2)
    head.get_by_role("button", name="History").click()
    expect(sessions).to_have_count(3)
    expect(sessions.first).to_contain_text("forked")
    sessions.last.get_by_role("button", name="Resume").click()
    expect(page.turns).to_have_count(2)
    expect(head.locator(".jp-AgentHost-title")).to_have_text("What sold best")
    expect(page.turns.last).to_contain_text("hello there")

    with page.page.expect_download() as started:
        _menu(page, "Export the Agent Session as Markdown")
    kept = tmp_path / "export.md"
    started.value.save_as(kept)
    assert started.value.suggested_filename == "history-agent.md"
    text = kept.read_text()
    assert text.startswith("# What sold best")
    assert "hello there" in text
    assert "another matter" not in text
    page.panel.get_by_role("button", name="More actions").click()
    expect(page.page.locator(".lm-Menu")).to_be_visible()
    page.shot("menu")
    page.page.keyboard.press("Escape")


def test_a_stripped_notebook_is_saved_without_a_dialog_and_stays_clean(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("strip.ipynb", "%load_ext jupyter_agent_host", "%%agent\nhello")
    page = window("strip.ipynb")
    page.kernel_ready()
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    output = page.page.locator(".jp-OutputArea-output .jp-AgentHost-turn")
    expect(output).to_have_attribute("data-status", "completed", timeout=LONG)
    save = "() => window.jupyterapp.shell.currentWidget.context.save()"
    held = "() => !!window.jupyterapp.shell.currentWidget.context.model.sharedModel.getMetadata('agent_host')"
    page.page.wait_for_function(held)
    page.page.evaluate(save)
    assert "agent_host" in lab.metadata("strip.ipynb")
    _menu(page, "Strip the Agent")
    page.page.get_by_role("button", name="Strip", exact=True).click()
    expect(page.page.locator(".jp-OutputArea-output .jp-AgentHost-turn")).to_have_count(0)
    for _ in range(2):
        page.page.evaluate(save)
        expect(page.page.locator(".jp-Dialog")).to_have_count(0)
        text = (lab.root / "strip.ipynb").read_text()
        assert "agent_host" not in json.loads(text)["metadata"]
        assert "vnd.jupyter-agent-host" not in text
    page.shot("stripped")
    page.open("strip.ipynb")
    page.page.evaluate(save)
    assert "agent_host" not in lab.metadata("strip.ipynb")
    _answered(page, "hello again", 2)
    page.page.wait_for_function(held)
    page.page.evaluate(save)
    assert "agent_host" in lab.metadata("strip.ipynb")


def test_all_agents_are_seen_measured_and_stopped(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("one.ipynb", "1 + 1")
    lab.notebook("two.ipynb", "1 + 1")
    page = window("one.ipynb")
    _answered(page, "hello", 1)
    other = window("two.ipynb")
    other.ask("count please")
    expect(other.state).to_have_text("working", timeout=LONG)
    page.page.evaluate("() => window.jupyterapp.commands.execute('agent-host:show-agents')")
    table = page.page.locator(".jp-AgentHost-agentTable")
    row = table.locator("tr").filter(has_text="one.ipynb")
    expect(row).to_contain_text("idle")
    expect(row).to_contain_text(re.compile(r"\d+ MB"))
    expect(row).to_contain_text(re.compile(r"\d+ %"), timeout=LONG)
    expect(table.locator("tr").filter(has_text="two.ipynb")).to_be_visible()
    page.page.evaluate("() => window.jupyterapp.commands.execute('running:show-panel')")
    section = page.page.locator(".jp-RunningSessions-section").filter(has_text="Agents")
    expect(section.locator(".jp-RunningSessions-item").filter(has_text="one.ipynb")).to_be_visible(timeout=LONG)
    _both_themes(page, "agents")
    row.get_by_role("button", name="Log of one.ipynb").click()
    expect(page.page.locator(".jp-Dialog")).to_contain_text("one.ipynb")
    page.shot("agent-log")
    page.page.get_by_role("button", name="Close", exact=True).click()
    row.get_by_role("button", name="Stop the sandbox of one.ipynb").click()
    expect(row).to_contain_text("stopped", timeout=LONG)
    expect(row.get_by_role("button", name="Stop the sandbox of one.ipynb")).to_be_disabled()
    row.get_by_role("button", name="one.ipynb", exact=True).click()
    expect(page.state).to_have_text("stopped")
