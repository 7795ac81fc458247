"""A person decides, in the panel or in the cell's output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

LONG = 30_000


def _ask(lab: Any, window: Callable[..., Any], name: str) -> Any:
    lab.notebook(name, "1 + 1")
    page = window(name)
    page.panel.get_by_label("Permission mode").select_option("default")
    expect(page.panel.get_by_label("Permission mode")).to_have_value("default")
    page.ask("run it")
    expect(page.panel.locator(".jp-AgentHost-approval")).to_be_visible(timeout=LONG)
    return page


def test_what_is_allowed_once_is_done(lab: Any, window: Callable[..., Any]) -> None:
    page = _ask(lab, window, "allow.ipynb")
    asked = page.panel.locator(".jp-AgentHost-approval")
    expect(asked).to_contain_text("made.txt")
    page.shot("approval")
    page.open("allow.ipynb")
    other = window("allow.ipynb")
    expect(other.panel.locator(".jp-AgentHost-approval")).to_be_visible()
    asked.get_by_role("button", name="Allow once").click()
    expect(other.panel.locator(".jp-AgentHost-approval")).to_have_count(0)
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.panel).to_contain_text("Allowed")
    page.shot("allowed")


def test_a_denial_reaches_the_agent_with_its_message(lab: Any, window: Callable[..., Any]) -> None:
    page = _ask(lab, window, "deny.ipynb")
    page.panel.get_by_label("Message to the agent with a denial").fill("Rather not today")
    page.panel.get_by_role("button", name="Deny").click()
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.turns.first.locator(".jp-AgentHost-markdown").last).to_contain_text("Rather not today")
    expect(page.panel.locator(".jp-AgentHost-settled")).to_contain_text("Denied")
    page.theme("JupyterLab Dark")
    page.shot("denied-dark")
    page.theme("JupyterLab Light")
