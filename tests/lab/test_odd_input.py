"""What no agent should send: events of a newer version, huge ones, very many: shown as such, and the panel stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from lab_window import Lab, OpenWindow, Window
from playwright.sync_api import expect

from jupyter_agent_host.protocol.events import (
    AnyEvent,
    AssistantText,
    TextDelta,
    ToolCall,
    ToolResult,
    TurnEnded,
    TurnStarted,
    UnknownEvent,
)
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.new_items import NewEvent

LONG = 60_000
LARGE_BYTES = 10_000_000

pytestmark = pytest.mark.timeout(240)  # some 20 s each on an idle machine

Events = Iterable["AnyEvent | UnknownEvent"]


def unknown(kind: str, **more: object) -> UnknownEvent:
    return UnknownEvent(kind=kind, raw={"kind": kind, **more})


def write(lab: Lab, path: str, number: int, prompt: str, events: Events) -> None:
    """A turn with these events in the middle, in the server's journal."""
    info = lab.http.post("agent-host/open", json={"path": path}).json()
    ids = (info["notebookId"], info["sessionId"], f"{number:032x}")
    whole = [TurnStarted(prompt=prompt, origin="panel"), *events, TurnEnded(status="completed", duration_ms=1000)]

    async def run() -> None:
        async with await Journal.open(lab.root.parent / "data" / "journal.sqlite") as journal:
            batch = [NewEvent(*ids, event, time.time()) for event in whole]
            for start in range(0, len(batch), 5000):
                await journal.write(batch[start : start + 5000])

    # Playwright has an event loop in this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()


def goes_on(page: Window) -> None:
    """The panel still takes prompts and shows answers."""
    count = page.turns.count()
    page.ask("hello")
    expect(page.turns).to_have_count(count + 1, timeout=LONG)
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)


def test_events_of_a_newer_version_are_named(lab: Lab, window: OpenWindow) -> None:
    deep: object = "end"
    for _ in range(90):
        deep = [deep]
    lab.notebook("newer.ipynb", "1 + 1")
    write(
        lab,
        "newer.ipynb",
        1,
        "from tomorrow",
        [
            unknown("hologram_shown", frames=[1, 2, 3]),
            unknown("tool_call", tool_use_id=7),
            unknown("files_changed", files={"a": 1}),
            unknown("<img src=x onerror=\"document.title = 'owned'\">"),
            unknown("__proto__", deep=deep),
            unknown("x" * 5000),
            AssistantText(message_id="m", text="The rest of the answer."),
        ],
    )
    page = window("newer.ipynb")
    turn = page.turns.first
    expect(turn).to_contain_text("An event of a newer version is not shown: hologram_shown", timeout=LONG)
    for kind in ("tool_call", "files_changed", "__proto__", "<img src=x onerror="):
        expect(turn).to_contain_text(f"not shown: {kind}")
    expect(turn.locator(".jp-AgentHost-notice")).to_have_count(6)
    expect(turn).to_contain_text("The rest of the answer.")
    assert turn.locator("img").count() == 0
    assert page.page.title() != "owned"
    page.shot("newer")
    page.theme("JupyterLab Dark")
    page.shot("newer-dark")
    page.theme("JupyterLab Light")
    goes_on(page)


def test_events_of_ten_megabytes_are_shown_piece_by_piece(lab: Lab, window: OpenWindow) -> None:
    line = "0123456789" * 9 + "\n"
    text = line * (LARGE_BYTES // len(line))
    lab.notebook("large.ipynb", "1 + 1")
    events: list[AnyEvent | UnknownEvent] = [
        ToolCall(tool_use_id="t", name="Bash", input={"command": f"cat {'x' * LARGE_BYTES}"}),
        ToolResult(tool_use_id="t", text=text, duration_ms=10),
        AssistantText(message_id="m", text=text),
        unknown("from_tomorrow", all=text),
    ]
    write(lab, "large.ipynb", 2, "large", events)
    page = window("large.ipynb")
    turn = page.turns.first
    expect(turn).to_contain_text("not shown: from_tomorrow", timeout=LONG)
    expect(turn).to_contain_text("10.0 MB more")
    turn.locator(".jp-AgentHost-tool summary").first.click()
    expect(turn.get_by_role("button", name="Copy all")).to_have_count(2, timeout=LONG)
    expect(turn.get_by_role("button", name="Show all")).to_be_visible()
    turn.get_by_role("button", name="Show more").last.click()
    expect(turn).to_contain_text("9.8 MB more")
    page.shot("large")
    goes_on(page)


def test_very_many_events_and_words_are_one_turn(lab: Lab, window: OpenWindow) -> None:
    lab.notebook("many.ipynb", "1 + 1")
    words = [TextDelta(message_id="m", text=f"word{number} ") for number in range(10_000)]
    steps = [
        event
        for number in range(45_000)
        for event in (
            ToolCall(tool_use_id=f"t{number}", name="Bash", input={"command": f"echo {number}"}),
            ToolResult(tool_use_id=f"t{number}", text=str(number), duration_ms=1),
        )
    ]
    write(lab, "many.ipynb", 3, "many", [*words, *steps])
    page = window("many.ipynb")
    turn = page.turns.first
    expect(turn).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(turn).to_contain_text("Show 44801 earlier steps")
    expect(turn.locator(".jp-AgentHost-tool")).to_have_count(200)
    expect(turn).to_contain_text("echo 44999")
    page.shot("many")
    goes_on(page)
