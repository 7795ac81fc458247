"""What an agent does is shown: lists, diffs, images, subagents, code; and what a person sends along."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

LONG = 60_000


def _png(path: Path, side: int = 64) -> None:
    """A blue square."""
    rows = b"".join(b"\0" + b"\x19\x76\xd2" * side for _ in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def test_steps_of_every_kind_are_shown(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("plan.ipynb", "1 + 1")
    _png(lab.root / "plot.png")
    page = window("plan.ipynb")
    page.ask("a plan please")
    turn = page.turns.first
    expect(turn).to_have_attribute("data-status", "completed", timeout=LONG)
    todos = turn.locator(".jp-AgentHost-todos li")
    expect(todos).to_have_count(2)
    expect(todos.first).to_have_attribute("data-status", "completed")
    expect(todos.last).to_have_attribute("data-status", "in_progress")
    card = turn.locator(".jp-AgentHost-tool", has_text="Edit").first
    card.locator("summary").first.click()
    expect(card.locator("[data-sign='+']")).to_contain_text("return sum(rows)")
    expect(card.locator("[data-sign='-']").first).to_contain_text("result = 0")
    expect(card.locator("[data-sign=' ']").first).to_contain_text("def total(rows):")
    image = turn.locator(".jp-AgentHost-tool", has_text="plot.png")
    image.locator("summary").first.click()
    expect(image.locator("img")).to_be_visible()
    outer = turn.locator(".jp-AgentHost-tool", has_text="Agent").last
    outer.locator(".jp-AgentHost-nested > summary").click()
    expect(outer.locator(".jp-AgentHost-nested .jp-AgentHost-tool")).to_contain_text("echo inner")
    page.shot("steps")
    assert page.serious() == []
    page.theme("JupyterLab Dark")
    page.shot("steps-dark")
    assert page.serious() == []
    page.theme("JupyterLab Light")


def test_code_becomes_a_cell_and_cells_go_along(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("along.ipynb", "price = 42\nprint('seen')", "second = 2")
    (lab.root / "notes.txt").write_text("remember the milk")
    page = window("along.ipynb")
    page.kernel_ready()
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")
    expect(page.page.locator(".jp-OutputArea-output")).to_contain_text("seen", timeout=LONG)
    page.panel.get_by_role("button", name="+ Cells").click()
    page.panel.get_by_role("button", name="+ Output").click()
    chips = page.panel.locator(".jp-AgentHost-composer .jp-AgentHost-chip")
    expect(chips).to_have_count(2)
    page.prompt_box.press_sequentially("@pri")
    offer = page.offers.filter(has_text="price")
    expect(offer).to_be_visible(timeout=LONG)
    page.shot("offers")
    offer.click()
    expect(chips).to_have_count(3)
    page.prompt_box.press_sequentially("and @note")
    page.offers.filter(has_text="notes.txt").click()
    expect(page.prompt_box).to_have_value("@price and @notes.txt ")
    page.prompt_box.press_sequentially("give me a report")
    page.prompt_box.press("Enter")
    expect(chips).to_have_count(0)
    turn = page.turns.first
    expect(turn).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(turn.locator(".jp-AgentHost-prompt .jp-AgentHost-chip")).to_have_count(3)
    expect(turn.locator(".jp-AgentHost-prompt")).to_contain_text("variable price")
    turn.get_by_role("button", name="Insert as cell").click()
    cells = "() => window.jupyterapp.shell.currentWidget.content.widgets.map(w => w.model.sharedModel.getSource())"
    page.page.wait_for_function(f"() => ({cells})().length === 3")  # the cell is inserted after the click returns
    sources = page.page.evaluate(cells)
    assert sum("def best(rows):" in source for source in sources) == 1
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn.get_by_role("button", name="Copy").click()
    expect(turn.get_by_role("button", name="Copied")).to_be_visible()
    assert "def best(rows):" in page.page.evaluate("() => navigator.clipboard.readText()")
    page.shot("along")


def test_a_prompt_that_waits_can_be_taken_back(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("back.ipynb", "1 + 1")
    page = window("back.ipynb")
    page.ask("count please")
    expect(page.turns.first.locator(".jp-AgentHost-markdown")).to_contain_text("word", timeout=LONG)
    page.ask("hello")
    expect(page.turns).to_have_count(2)
    page.turns.last.get_by_role("button", name="Take back").click()
    expect(page.turns.last).to_have_attribute("data-status", "interrupted", timeout=LONG)
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    page.ask("fail now")
    expect(page.turns.last).to_have_attribute("data-status", "error", timeout=LONG)
    expect(page.turns.last.get_by_role("button", name="Ask again")).to_be_visible()
    page.ask("guarded")
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    page.turns.last.get_by_role("button", name="Grant .bashrc").click()
    expect(page.turns.last.get_by_role("button", name="Grant .bashrc")).to_have_count(0)
    assert (lab.root / ".bashrc").read_text() == "x\n"
    page.shot("granted")


def test_the_end_is_left_by_scrolling_up_alone(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("end.ipynb", "1 + 1")
    page = window("end.ipynb")
    for count in (1, 2, 3):
        page.ask("count please")
        expect(page.turns).to_have_count(count)
        expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    log = page.panel.get_by_role("log")
    to_end = page.panel.get_by_role("button", name="To the end")
    expect(to_end).to_have_count(0)
    # The text grows after the panel went to its end, and before the browser tells of that.
    log.evaluate(
        "log => { const box = document.createElement('div'); box.style.height = '3000px'; box.className = 'grown';"
        " log.firstElementChild.append(box); log.scrollTop += 100; }"
    )
    page.page.wait_for_function(
        "() => { const log = document.querySelector('.jp-AgentHost-turns');"
        " return log.querySelector('.grown') && log.scrollHeight - log.scrollTop - log.clientHeight < 2 }"
    )
    expect(to_end).to_have_count(0)
    log.hover()
    page.page.mouse.wheel(0, -500)
    expect(to_end).to_be_visible()
    to_end.click()
    expect(to_end).to_have_count(0)
