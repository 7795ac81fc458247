"""The panel's commands: in the palette, the menus, the launcher, by keys and from the status bar."""

from __future__ import annotations

import re
import time

from lab_window import Lab, OpenWindow, Window
from playwright.sync_api import Locator, expect

LONG = 60_000
NOT_IN_PALETTE = {"agent-host:fork-turn", "agent-host:show-turn"}
"""The one needs an argument; the other shows itself only for a cell that a turn wrote."""


def answered(page: Window, prompt: str, turns: int) -> None:
    page.ask(prompt)
    expect(page.turns).to_have_count(turns, timeout=LONG)
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)


def palette(page: Window, words: str) -> Locator:
    """The palette's items for these words."""
    page.kernel_ready()  # a notebook that takes the focus meanwhile would shut the palette
    page.page.keyboard.press("Control+Shift+c")
    box = page.page.locator(".jp-ModalCommandPalette input")
    box.fill(words)
    return page.page.locator(".jp-ModalCommandPalette .lm-CommandPalette-item")


def labelled(page: Window, label: str) -> Locator:
    return page.page.locator(".lm-CommandPalette-itemLabel", has_text=re.compile(rf"^{label}$"))


def run(page: Window, label: str) -> None:
    """By the palette, as a person does. `.` in the label stands for any sign."""
    items = palette(page, label.replace(".", ""))
    expect(items.first).to_be_visible()
    items.filter(has=labelled(page, label)).click()
    expect(page.page.locator(".jp-ModalCommandPalette")).to_be_hidden()


def test_every_command_is_in_the_palette(lab: Lab, window: OpenWindow) -> None:
    lab.notebook("palette.ipynb", "1 + 1")
    page = window("palette.ipynb")
    labels = page.page.evaluate(
        "() => Object.fromEntries(window.jupyterapp.commands.listCommands().filter(id => id.startsWith('agent-host:'))"
        ".map(id => [id, window.jupyterapp.commands.label(id, {isPalette: true})]))"
    )
    assert set(labels) > NOT_IN_PALETTE
    items = palette(page, "agent")
    for label in (label for command, label in labels.items() if command not in NOT_IN_PALETTE):
        assert label
        expect(items.filter(has=labelled(page, re.escape(label)))).to_be_attached()
    page.shot("palette")


def test_commands_that_show_and_ask(lab: Lab, window: OpenWindow) -> None:
    lab.notebook("shows.ipynb", "1 + 1")
    page = window("shows.ipynb")
    answered(page, "hello", 1)
    run(page, "Sessions of This Notebook")
    expect(page.panel.locator(".jp-AgentHost-history")).to_be_visible()
    run(page, "Show the Agent Panel")
    expect(page.prompt_box).to_be_focused()
    run(page, "Rename the Agent Session…")
    page.page.locator(".jp-Dialog input").fill("By palette")
    page.page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.panel.locator(".jp-AgentHost-title")).to_have_text("By palette")
    run(page, "Choose the Agent.s Model…")
    page.page.locator(".jp-Dialog input").fill("opus")
    page.page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(page.panel.get_by_label("Model")).to_have_value("opus")
    for label, name in (("Markdown", "shows-agent.md"), ("JSONL", "shows-agent.jsonl")):
        with page.page.expect_download() as started:
            run(page, f"Export the Agent Session as {label}")
        assert started.value.suggested_filename == name
    run(page, "Show the Log of the Agent.s Sandbox")
    expect(page.page.locator(".jp-Dialog")).to_contain_text("shows.ipynb")
    page.page.get_by_role("button", name="Close", exact=True).click()
    run(page, "All Agents of This Server")
    expect(page.page.locator(".jp-AgentHost-agentTable")).to_contain_text("shows.ipynb", timeout=LONG)
    deadline = time.monotonic() + 30
    while "jp-agent-host-agents" not in lab.http.get("lab/api/workspaces").text:
        assert time.monotonic() < deadline, "the layout was not saved"
        page.page.wait_for_timeout(100)
    page.page.goto(f"{lab.server.url}lab?token={lab.server.token}")
    expect(page.page.locator(".jp-AgentHost-agentTable")).to_contain_text("shows.ipynb", timeout=LONG)


def test_commands_that_steer_the_agent(lab: Lab, window: OpenWindow) -> None:
    lab.notebook("steers.ipynb", "1 + 1")
    page = window("steers.ipynb")
    answered(page, "hello", 1)
    run(page, "Fork the Agent Session")
    expect(page.panel.locator(".jp-AgentHost-banner")).to_contain_text("copy", timeout=LONG)
    answered(page, "recall", 2)
    expect(page.turns.last).to_contain_text("Earlier prompts: hello", timeout=LONG)
    page.ask("count please")
    expect(page.turns.last).to_contain_text("word3", timeout=LONG)
    run(page, "Interrupt the Agent")
    expect(page.turns.last).to_have_attribute("data-status", "interrupted", timeout=LONG)
    run(page, "Stop the Agent.s Sandbox")
    state = page.state
    expect(state).to_have_text("stopped", timeout=LONG)
    run(page, "New Agent Session")
    expect(page.turns).to_have_count(0, timeout=LONG)
    answered(page, "hello again", 1)
    run(page, "Reset the Agent…")
    page.page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.turns).to_have_count(0, timeout=LONG)
    expect(state).to_have_text("stopped", timeout=LONG)


def test_menus_launcher_shortcuts_and_status_bar(lab: Lab, window: OpenWindow) -> None:
    lab.notebook("doors.ipynb", "1 + 1")
    page = window("doors.ipynb")
    expect(page.page.locator(".jp-AgentHost-status")).to_have_text("Agent: no sandbox")
    page.page.keyboard.press("Control+Alt+h")
    expect(page.panel.locator(".jp-AgentHost-history")).to_be_visible()
    page.page.keyboard.press("Control+Alt+a")
    expect(page.prompt_box).to_be_focused()
    answered(page, "hello", 1)
    expect(page.page.locator(".jp-AgentHost-status")).to_have_text(re.compile(r"Agent: idle · about \$0\.\d+"))
    for menu, submenu, entry in (
        ("Kernel", "Agent", "Fork the Agent Session"),
        ("File", "Agent Session", "Export the Agent Session as JSONL"),
        ("View", "", "Show the Agent Panel"),
    ):
        page.page.locator(".lm-MenuBar-item").filter(has_text=menu).click()
        if submenu:
            page.page.locator(".lm-Menu-item").filter(has_text=re.compile(f"^{submenu}$")).hover()
        expect(page.page.locator(".lm-Menu-item").filter(has_text=entry)).to_be_visible()
        page.shot(f"menu-{menu.lower()}")
        page.page.keyboard.press("Escape")
        page.page.keyboard.press("Escape")
    page.page.evaluate("() => window.jupyterapp.shell.collapseRight()")
    page.page.locator(".jp-AgentHost-status").click()
    expect(page.prompt_box).to_be_focused()
    page.page.evaluate("() => void window.jupyterapp.commands.execute('launcher:create')")
    card = page.page.locator(".jp-LauncherCard").filter(has_text="Notebook with Agent")
    expect(card).to_be_visible()
    page.shot("launcher")
    card.click()
    expect(page.panel.locator(".jp-AgentHost-title")).to_have_text("Untitled.ipynb", timeout=LONG)
    expect(page.prompt_box).to_be_visible()


def test_settings_change_what_a_person_sees(lab: Lab, window: OpenWindow) -> None:
    """Each setting, changed where people change it: in the settings file."""
    folder = lab.root.parent / "settings" / "@jupyter-agent-host" / "labextension"
    folder.mkdir(parents=True)
    file = folder / "shared.jupyterlab-settings"
    file.write_text('{"enterSends": false, "notify": false, "showStatus": false}')
    lab.notebook("settings.ipynb", "1 + 1")
    page = window("settings.ipynb")
    expect(page.panel.locator(".jp-AgentHost-hint")).to_have_text("Shift+Enter sends")
    expect(page.page.locator(".jp-AgentHost-status")).to_have_count(0)
    page.prompt_box.fill("a question")
    page.prompt_box.press("Enter")
    expect(page.prompt_box).to_have_value("a question\n")
    page.prompt_box.press("Shift+Enter")
    page.page.evaluate("() => window.jupyterapp.shell.collapseRight()")
    expect(page.page.locator(".lm-TabBar-tab.jp-AgentHost-asks")).to_be_visible(timeout=LONG)
    expect(page.page.locator(".Toastify__toast")).to_have_count(0)
    file.unlink()
