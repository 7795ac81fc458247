"""Frame times of the panel over long conversations and hostile amounts: `python tests/bench/panel.py`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, sync_playwright

from jupyter_agent_host.cli.shared.own_server import own_server
from jupyter_agent_host.cli.shared.running_servers import JupyterServer
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

TURNS = 1000
EVENTS = 100_000
LARGE_BYTES = 10_000_000
WORDS = 10_000
TEXT = "A paragraph of the answer with `code`, **bold words** and $x_i^2$.\n\n```python\nprint(1)\n```\n\n- a\n- b\n"
SCRIPT = {
    "name": "bench",
    "rules": [{"when": {"prompt": "many"}, "say": f"{{words:{WORDS}}} END"}],
    "otherwise": {"say": "Hello."},
}

WATCH = """
() => {
  const watch = (window.benchWatch = { times: [], on: true });
  let last = performance.now();
  const frame = now => {
    watch.times.push(now - last);
    last = now;
    if (watch.on) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
"""
STOP = "() => { window.benchWatch.on = false; return window.benchWatch.times.slice(1); }"
SCROLL = """
([direction, step]) => new Promise(resolve => {
  const node = document.querySelector('.jp-AgentHost-turns');
  const more = () => node.querySelector(':scope > div > button') !== null;
  let still = 0;
  let most = 0;
  const frame = () => {
    const before = node.scrollTop;
    node.scrollTop = before + direction * step;
    still = node.scrollTop === before && !(direction < 0 && more()) ? still + 1 : 0;
    if (still % 30 === 0) most = Math.max(most, node.querySelectorAll('*').length);
    still > 90 ? resolve(most) : requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})
"""


@dataclass(frozen=True)
class Bench:
    """A real server and a page of a real browser."""

    server: JupyterServer
    http: httpx.Client
    page: Page
    root: Path
    journal: Path

    def notebook(self, name: str) -> tuple[str, str]:
        """A new notebook: its id and its session's."""
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
        nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")], metadata=kernel), self.root / name)
        info = self.http.post("agent-host/open", json={"path": name}).json()
        return info["notebookId"], info["sessionId"]

    def write(self, ids: tuple[str, str], turns: Iterable[tuple[str, Iterable[AnyEvent | UnknownEvent]]]) -> None:
        """Put turns into the journal as the host would."""
        # Playwright has an event loop in this thread.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _write(self.journal, ids, turns)).result()

    def show(self, name: str) -> None:
        self.page.goto(f"{self.server.url}lab/tree/{name}?reset&token={self.server.token}")
        self.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.context?.isReady === true")
        self.page.evaluate("() => window.jupyterapp.commands.execute('agent-host:open-panel')")

    @contextmanager
    def watched(self, what: str) -> Iterator[None]:
        """Print the time and the frames of this block."""
        self.page.evaluate(WATCH)
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        times = sorted(self.page.evaluate(STOP))
        middle, most = statistics.median(times), times[int(len(times) * 0.95)]
        print(
            f"{what}: {took:.1f} s, {len(times)} frames, median {middle:.1f} ms, 95 % below {most:.1f} ms,"
            f" longest {times[-1]:.0f} ms"
        )

    def size(self) -> str:
        """How much the page holds, after a collection of garbage."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        nodes = self.page.locator(".jp-AgentHost-turns *").count()
        return f"{nodes} elements in the conversation, {metrics['JSHeapUsedSize'] / 1e6:.0f} MB of JavaScript heap"


async def _write(
    path: Path, ids: tuple[str, str], turns: Iterable[tuple[str, Iterable[AnyEvent | UnknownEvent]]]
) -> None:
    async with await Journal.open(path) as journal:
        for turn_id, events in turns:
            batch = [NewEvent(*ids, turn_id, event, time.time()) for event in events]
            for start in range(0, len(batch), 5000):
                await journal.write(batch[start : start + 5000])


def _talk() -> Iterator[tuple[str, list[AnyEvent | UnknownEvent]]]:
    for turn in range(TURNS):
        tool = f"tool{turn}"
        yield (
            f"{turn:032x}",
            [
                TurnStarted(prompt=f"Prompt {turn}", origin="panel"),
                *(TextDelta(message_id=f"m{turn}", text=TEXT[at : at + 8]) for at in range(0, len(TEXT), 8)),
                AssistantText(message_id=f"m{turn}", text=TEXT),
                ToolCall(tool_use_id=tool, name="Bash", input={"command": "ls"}),
                ToolResult(tool_use_id=tool, text="a\nb", duration_ms=10),
                TurnEnded(status="completed", text=TEXT, duration_ms=1000),
            ],
        )


def long_conversation(bench: Bench) -> None:
    """All of a thousand turns, up and down again."""
    bench.write(bench.notebook("long.ipynb"), _talk())
    began = time.monotonic()
    bench.show("long.ipynb")
    bench.page.wait_for_selector(".jp-AgentHost-turn[data-status='completed']")
    print(f"panel of {TURNS} turns shown after {time.monotonic() - began:.1f} s (JupyterLab's own start included)")
    print(f"  at first: {bench.size()}")
    for words, direction in (("up through all turns", -1), ("down again", 1)):
        with bench.watched(f"scrolling {words}"):
            most = bench.page.evaluate(SCROLL, [direction, 120])
        slots = bench.page.locator(".jp-AgentHost-slot").count()
        filled = bench.page.locator(".jp-AgentHost-slot > article").count()
        print(f"  then: {slots} turns loaded, {filled} drawn, {most} elements at most; {bench.size()}")


def large_events(bench: Bench) -> None:
    """Events of ten megabytes, as a result and as words, in one turn."""
    ids = bench.notebook("large.ipynb")
    line = "0123456789" * 9 + "\n"
    text = line * (LARGE_BYTES // len(line))
    events: list[AnyEvent | UnknownEvent] = [
        TurnStarted(prompt="Large", origin="panel"),
        ToolCall(tool_use_id="t", name="Bash", input={"command": "cat"}),
        ToolResult(tool_use_id="t", text=text, duration_ms=10),
        AssistantText(message_id="m", text=text),
        UnknownEvent(kind="from_tomorrow", raw={"kind": "from_tomorrow", "all": text}),
        TurnEnded(status="completed", text="", duration_ms=1000),
    ]
    bench.write(ids, [("1" * 32, events)])
    bench.notebook("other.ipynb")
    bench.show("other.ipynb")
    with bench.watched(f"a turn with three events of {LARGE_BYTES / 1e6:.0f} MB"):
        bench.page.evaluate("() => void window.jupyterapp.commands.execute('docmanager:open', {path: 'large.ipynb'})")
        bench.page.wait_for_selector("text=from_tomorrow")
        bench.page.locator(".jp-AgentHost-tool summary").first.click()
        bench.page.wait_for_selector(".jp-AgentHost-result pre")
    print(f"  then: {bench.size()}")


def many_events(bench: Bench) -> None:
    """One turn of a hundred thousand events."""
    ids = bench.notebook("many.ipynb")
    bench.notebook("others.ipynb")
    bench.show("others.ipynb")

    def events() -> Iterator[AnyEvent | UnknownEvent]:
        yield TurnStarted(prompt="Many", origin="panel")
        for number in range(EVENTS // 4):
            yield TextDelta(message_id=f"m{number // 50}", text=f"word{number} ")
            yield ToolCall(tool_use_id=f"t{number}", name="Bash", input={"command": f"echo {number}"})
            yield ToolResult(tool_use_id=f"t{number}", text=str(number), duration_ms=1)
            yield UnknownEvent(kind="from_tomorrow", raw={"kind": "from_tomorrow", "number": number})
        yield TurnEnded(status="completed", text="", duration_ms=1000)

    bench.write(ids, [("2" * 32, events())])
    with bench.watched(f"a turn of {EVENTS} events"):
        bench.page.evaluate("() => void window.jupyterapp.commands.execute('docmanager:open', {path: 'many.ipynb'})")
        bench.page.wait_for_selector(".jp-AgentHost-turn[data-status='completed']", timeout=300_000)
    print(f"  then: {bench.size()}")


def many_deltas(bench: Bench) -> None:
    """Ten thousand words as fast as the model can say them."""
    bench.notebook("deltas.ipynb")
    bench.show("deltas.ipynb")
    bench.page.get_by_label("Prompt to the agent").fill("many words")
    with bench.watched(f"{WORDS} words streamed (the sandbox's start included)"):
        bench.page.get_by_label("Prompt to the agent").press("Enter")
        bench.page.wait_for_selector(".jp-AgentHost-turn[data-status='completed']", timeout=300_000)
    print(f"  then: {bench.size()}")


SCENARIOS: dict[str, Callable[[Bench], None]] = {
    "long": long_conversation,
    "large": large_events,
    "many": many_events,
    "deltas": many_deltas,
}


def main(*names: str) -> None:
    """Run these scenarios, all without a name."""
    with tempfile.TemporaryDirectory(prefix="agent-bench-") as name:
        folder = Path(name)
        for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            os.environ[variable] = str(folder / variable.lower())
        root, script = folder / "root", folder / "script.json"
        root.mkdir()
        script.write_text(json.dumps(SCRIPT))
        agent: dict[str, Any] = {
            "provider": "process",
            "allow_unsandboxed": True,
            "scripted_model": str(script),
            "data_dir": str(folder / "data"),
        }
        config = {
            "AgentHost": agent,
            "YDocExtension": {"disable_rtc": True},
            "LabApp": {"expose_app_in_browser": True},
        }
        with own_server(root, config=config) as server, server.client() as http, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            for scenario in names or SCENARIOS:
                page = browser.new_page(viewport={"width": 1360, "height": 860})
                SCENARIOS[scenario](Bench(server, http, page, root, folder / "data" / "journal.sqlite"))
                page.close()
            browser.close()


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:])
