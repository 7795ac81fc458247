"""For who listens, or is made unwell by movement: axe-core over every view, and the system's reduced motion."""

from __future__ import annotations

from lab_window import Lab, OpenWindow
from playwright.sync_api import expect

LONG = 60_000
ANIMATIONS = """
() => document.querySelector('#jp-agent-host-panel').getAnimations({subtree: true})
  .filter(each => each.playState === 'running').length
"""


def test_no_view_shuts_anybody_out(lab: Lab, window: OpenWindow) -> None:
    lab.notebook("access.ipynb", "1 + 1")
    page = window("access.ipynb")
    panel = page.panel
    page.ask("a report please")
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    lab.call("access.ipynb", "mode", mode="default")
    page.ask("run it")
    expect(panel.locator(".jp-AgentHost-approval")).to_be_visible(timeout=LONG)
    for theme in ("Light", "Dark"):
        page.theme(f"JupyterLab {theme}")
        name = theme.lower()
        assert page.serious("#jp-agent-host-panel", ".jp-AgentHost-status") == []
        page.shot(f"access-approval-{name}")
        panel.get_by_role("button", name="More actions").click()
        expect(page.page.locator(".lm-Menu")).to_be_visible()
        assert page.serious() == []  # the menu itself is Lumino's; its separators have no role
        page.shot(f"access-menu-{name}")
        page.page.keyboard.press("Escape")
        panel.get_by_role("button", name="History").click()
        panel.get_by_role("button", name="Show the turns").first.click()
        expect(panel.locator(".jp-AgentHost-sessionTurns li")).to_have_count(2)
        assert page.serious() == []
        page.shot(f"access-history-{name}")
        panel.get_by_role("button", name="Network and MCP servers").click()
        expect(panel.get_by_role("switch", name="dates")).to_be_visible()
        assert page.serious() == []
        panel.get_by_role("button", name="Back to the conversation").click()
        page.page.evaluate("() => window.jupyterapp.commands.execute('agent-host:show-agents')")
        expect(page.page.locator(".jp-AgentHost-agentTable")).to_contain_text("access.ipynb", timeout=LONG)
        assert page.serious("#jp-agent-host-agents") == []
        page.shot(f"access-agents-{name}")
        page.page.get_by_role("tab", name="access.ipynb").click()
    panel.get_by_role("button", name="Allow once").click()
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)


def test_nothing_moves_when_the_system_asks_for_stillness(lab: Lab, window: OpenWindow) -> None:
    lab.notebook("still.ipynb", "1 + 1")
    page = window("still.ipynb")
    page.ask("count please")
    expect(page.turns.first).to_contain_text("word3", timeout=LONG)
    assert page.page.evaluate(ANIMATIONS) > 0
    page.page.emulate_media(reduced_motion="reduce")
    assert page.page.evaluate(ANIMATIONS) == 0
    expect(page.turns.first).to_have_attribute("data-status", "running")
    page.page.emulate_media(reduced_motion="no-preference")
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
