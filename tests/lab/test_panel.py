"""What a person does in the agent panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

LONG = 30_000


def test_a_report_reads_well_in_both_themes(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("report.ipynb", "1 + 1")
    page = window("report.ipynb")
    page.ask("a report please")
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.panel.locator("table")).to_be_visible()
    expect(page.panel.locator("mjx-container")).to_be_visible()
    card = page.panel.locator(".jp-AgentHost-tool")
    expect(card).to_have_attribute("data-state", "done")
    card.locator("summary").click()
    expect(card).to_contain_text("echo one; echo two")
    expect(card.locator(".jp-AgentHost-result")).to_contain_text("two")
    page.shot("report")
    page.theme("JupyterLab Dark")
    page.shot("report-dark")
    page.theme("JupyterLab Light")


def test_queued_prompts_wait_and_a_new_session_begins_empty(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("queue.ipynb", "1 + 1")
    page = window("queue.ipynb")
    page.ask("count please")
    expect(page.turns.first.locator(".jp-AgentHost-markdown")).to_contain_text("word", timeout=LONG)
    page.ask("hello")
    expect(page.turns).to_have_count(2)
    expect(page.turns.last).to_contain_text("Queued")
    page.shot("queued")
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    page.panel.get_by_role("button", name="New session").click()
    expect(page.turns).to_have_count(0)
    page.ask("hello again")
    expect(page.turns).to_have_count(1)
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.turns.last).to_contain_text("hello again")
    page.shot("new-session")
