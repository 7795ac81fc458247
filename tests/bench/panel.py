"""Frame times of the panel over a conversation of a thousand turns: `python tests/bench/panel.py`."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, sync_playwright

from jupyter_agent_host.cli.headless import own_server
from jupyter_agent_host.protocol.events import AssistantText, TextDelta, ToolCall, ToolResult, TurnEnded, TurnStarted
from jupyter_agent_host.store.items import NewEvent
from jupyter_agent_host.store.journal import Journal

TURNS = 1000
TEXT = "A paragraph of the answer with `code`, **bold words** and $x_i^2$.\n\n```python\nprint(1)\n```\n\n- a\n- b\n"
FRAMES = """
async () => {
  const node = document.querySelector('.jp-AgentHost-turns');
  const times = [];
  let last = performance.now();
  const end = last + 20000;
  await new Promise(resolve => {
    const frame = now => {
      times.push(now - last);
      last = now;
      node.scrollTop = Math.max(0, node.scrollTop - 120);
      now < end ? requestAnimationFrame(frame) : resolve();
    };
    requestAnimationFrame(frame);
  });
  return times.slice(1);
}
"""


async def _fill(path: Path, notebook_id: str, session_id: str) -> None:
    async with await Journal.open(path) as journal:
        for turn in range(TURNS):
            tool = f"tool{turn}"
            events = [
                TurnStarted(prompt=f"Prompt {turn}", origin="panel"),
                *(TextDelta(message_id=f"m{turn}", text=TEXT[at : at + 8]) for at in range(0, len(TEXT), 8)),
                AssistantText(message_id=f"m{turn}", text=TEXT),
                ToolCall(tool_use_id=tool, name="Bash", input={"command": "ls"}),
                ToolResult(tool_use_id=tool, text="a\nb", duration_ms=10),
                TurnEnded(status="completed", text=TEXT, duration_ms=1000),
            ]
            await journal.write(
                [NewEvent(notebook_id, session_id, f"{turn:032x}", event, time.time()) for event in events]
            )


def _measure(page: Page, url: str) -> None:
    began = time.monotonic()
    page.goto(url)
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.context?.isReady === true")
    page.evaluate("() => window.jupyterapp.commands.execute('agent-host:open-panel')")
    page.wait_for_selector(".jp-AgentHost-turn[data-status='completed']")
    print(f"panel shown after {time.monotonic() - began:.1f} s (JupyterLab's own start included)")
    times = sorted(page.evaluate(FRAMES))
    shown = page.locator(".jp-AgentHost-slot").count()
    print(
        f"scrolling up for 20 s: {len(times)} frames, median {statistics.median(times):.1f} ms,"
        f" 95 % below {times[int(len(times) * 0.95)]:.1f} ms, longest {times[-1]:.0f} ms; {shown} turns loaded"
    )


def main() -> None:
    """Fill a journal, open the panel, scroll."""
    with tempfile.TemporaryDirectory(prefix="agent-bench-") as name:
        folder = Path(name)
        for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            os.environ[variable] = str(folder / variable.lower())
        root = folder / "root"
        root.mkdir()
        nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")]), root / "long.ipynb")
        agent = {
            "provider": "process",
            "allow_unsandboxed": True,
            "scripted_model": "demo",
            "data_dir": str(folder / "data"),
        }
        config = {
            "AgentHost": agent,
            "YDocExtension": {"disable_rtc": True},
            "LabApp": {"expose_app_in_browser": True},
        }
        with own_server(root, config=config) as server, server.client() as http:
            info = http.post("agent-host/open", json={"path": "long.ipynb"}).json()
            asyncio.run(_fill(folder / "data" / "journal.sqlite", info["notebookId"], info["sessionId"]))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                _measure(browser.new_page(), f"{server.url}lab/tree/long.ipynb?reset&token={server.token}")
                browser.close()


if __name__ == "__main__":
    main()
