"""A person decides, in the panel: with the mouse or the keyboard alone, in one place for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

LONG = 30_000


def _ask(lab: Any, window: Callable[..., Any], name: str) -> Any:
    lab.notebook(name, "1 + 1")
    page = window(name)
    lab.call(name, "mode", mode="default")
    page.ask("run it")
    expect(page.panel.locator(".jp-AgentHost-approval")).to_be_visible(timeout=LONG)
    return page


def test_what_is_allowed_once_is_done(lab: Any, window: Callable[..., Any]) -> None:
    page = _ask(lab, window, "allow.ipynb")
    asked = page.panel.locator(".jp-AgentHost-approval")
    expect(asked).to_contain_text("made.txt")
    expect(asked).to_contain_text("+ made")
    page.shot("approval")
    page.open("allow.ipynb")
    other = window("allow.ipynb")
    expect(other.panel.locator(".jp-AgentHost-approval")).to_be_visible()
    asked.get_by_role("button", name="Allow once").click()
    expect(other.panel.locator(".jp-AgentHost-approval")).to_have_count(0)
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.panel).to_contain_text("Allowed")
    page.shot("allowed")


def test_a_denial_reaches_the_agent_and_a_grant_lasts(lab: Any, window: Callable[..., Any]) -> None:
    page = _ask(lab, window, "deny.ipynb")
    page.panel.get_by_label("Message to the agent with a denial").fill("Rather not today")
    page.panel.get_by_role("button", name="Deny").click()
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.turns.first.locator(".jp-AgentHost-markdown").last).to_contain_text("Rather not today")
    expect(page.panel.locator(".jp-AgentHost-settled")).to_contain_text("Denied")
    page.theme("JupyterLab Dark")
    page.ask("run it again")
    expect(page.panel.locator(".jp-AgentHost-approval")).to_be_visible(timeout=LONG)
    page.shot("approval-dark")
    page.theme("JupyterLab Light")
    page.panel.get_by_role("button", name="Allow for this notebook").click()
    expect(page.turns.nth(1)).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.turns.nth(1)).to_contain_text("Allowed for this notebook")


def test_a_question_is_a_form_and_the_keyboard_is_enough(lab: Any, window: Callable[..., Any]) -> None:
    """From the notebook to the answer without a mouse; a hidden panel says that it is needed."""
    lab.notebook("keys.ipynb", "1 + 1")
    page = window("keys.ipynb")
    keyboard = page.page.keyboard
    keyboard.press("Control+Alt+a")
    expect(page.prompt_box).to_be_focused()
    keyboard.type("/mo")
    expect(page.offers).to_have_count(2)
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(page.prompt_box).to_have_value("/mode ")
    keyboard.type("default")
    keyboard.press("Enter")
    expect(page.panel.get_by_label("Permission mode")).to_have_value("default")
    expect(page.prompt_box).to_be_focused()
    keyboard.type("a question")
    keyboard.press("Enter")
    page.page.evaluate("() => window.jupyterapp.shell.collapseRight()")
    expect(page.page.locator(".lm-TabBar-tab.jp-AgentHost-asks")).to_be_visible(timeout=LONG)
    expect(page.page.locator(".Toastify")).to_contain_text("waits for your answer")
    page.shot("hidden-asks")
    page.show()
    form = page.panel.locator(".jp-AgentHost-questions")
    expect(form).to_contain_text("Which file shall I use?")
    form.get_by_role("radio").first.focus()
    page.shot("question")
    keyboard.press("ArrowDown")
    expect(form.get_by_role("radio").nth(1)).to_be_checked()
    keyboard.press("Tab")  # words of one's own instead
    keyboard.press("Tab")
    keyboard.press("Space")
    keyboard.press("Tab")
    keyboard.press("Tab")
    keyboard.type("all of them")
    keyboard.press("Enter")
    expect(form).to_have_count(0, timeout=LONG)
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.turns.first).to_contain_text("old.csv")
    expect(page.turns.first).to_contain_text("all of them")
    expect(page.prompt_box).to_be_focused()
    keyboard.press("ArrowUp")
    expect(page.prompt_box).to_have_value("a question")
