"""What the agent may reach, in the panel: rules of the server and the notebook, MCP servers to switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect


def test_rules_and_servers_are_shown_and_changed(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("reach.ipynb", "1 + 1")
    page = window("reach.ipynb")
    panel = page.panel
    panel.get_by_role("button", name="Network and MCP servers").click()
    view = panel.get_by_role("region", name="Network and MCP servers")
    rows = view.locator("li[data-verdict]")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("data.example.org")
    expect(rows.first).to_contain_text("allowed by the server")
    box = view.get_by_label("Host or preset")
    box.fill("python-packages")
    box.press("Enter")
    expect(rows).to_have_count(2)
    expect(box).to_have_value("")
    box.fill("data.example.org:443")
    view.get_by_role("button", name="Deny", exact=True).click()
    expect(rows.last).to_contain_text("denied in this notebook")
    box.fill("https://no.example/<img src=x>")
    box.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("is no network rule")
    dates = view.get_by_role("switch", name="dates")
    expect(dates).not_to_be_checked()
    dates.click()
    expect(dates).to_be_checked()
    expect(view.get_by_role("status")).to_contain_text("the agent has dates")
    expect(view.get_by_role("alert")).to_have_count(0)
    page.shot("reach-light")
    page.theme("JupyterLab Dark")
    page.shot("reach-dark")
    page.theme("JupyterLab Light")
    view.get_by_role("button", name="Remove the rule python-packages").click()
    expect(rows).to_have_count(2)
    assert "a-s3cret" not in page.page.content()
    assert [(one["name"], one["on"]) for one in lab.call("reach.ipynb", "mcp")["servers"]] == [
        ("dates", True), ("tickets", False),
    ]  # fmt: skip
    view.get_by_role("button", name="Back to the conversation").click()
    expect(page.prompt_box).to_be_visible()
