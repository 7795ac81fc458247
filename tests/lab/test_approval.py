"""A person decides, in the panel: with the mouse or the keyboard alone, in one place for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

LONG = 30_000


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
    expect(page.page.locator(".Toastify__toast")).to_have_count(0, timeout=7000)  # before it would go of itself
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
