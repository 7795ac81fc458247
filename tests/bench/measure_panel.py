"""The panel in a real browser: from the click on "Send" to the frame in which the answer's first text is painted."""

from __future__ import annotations

import itertools
import shutil
from concurrent.futures import ThreadPoolExecutor

from measure_cell import Limits, Record, numbers
from measure_server import Server
from playwright.sync_api import Page, sync_playwright

TIMEOUT_MS = 90_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]

# A message posted in an animation frame's callback is handled after that frame was painted.
WATCH = """
marker => {
  const panel = document.querySelector('#jp-agent-host-panel');
  const times = (window.benchTimes = { click: 0, first: 0, end: 0 });
  let waiting = { first: true, end: true };
  const painted = name => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { times[name] = performance.now(); };
    channel.port2.postMessage(0);
  });
  const look = () => {
    const turn = [...panel.querySelectorAll('article.jp-AgentHost-turn')].find(one => one.textContent.includes(marker));
    if (turn && waiting.first) { waiting.first = false; painted('first'); }
    if (turn && waiting.end && turn.dataset.status === 'completed') {
      waiting.end = false;
      observer.disconnect();
      painted('end');
    }
  };
  const observer = new MutationObserver(look);
  observer.observe(panel, { subtree: true, childList: true, characterData: true, attributes: true });
  panel.addEventListener('click', () => { times.click = performance.now(); }, { capture: true, once: true });
}
"""


def measure_panel(server: Server, limits: Limits, record: Record) -> None:
    """Warm turns from the panel of a notebook that is open in JupyterLab.

    Raises:
        RuntimeError: there is no Chromium on this machine.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise RuntimeError("no Chromium on this machine: apt-get install chromium")
    # Playwright runs an event loop in its thread, which the kernel client would share.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_panel, server, chromium, limits, record).result()


def _panel(server: Server, chromium: str, limits: Limits, record: Record) -> None:
    path = server.notebook(f"panel{next(numbers)}.ipynb")
    with sync_playwright() as playwright, server.client() as http:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1360, "height": 860})
            page.set_default_timeout(TIMEOUT_MS)
            page.goto(f"{server.url}lab/tree/{path}?reset&token={server.token}")
            page.wait_for_function(
                "() => { const s = window.jupyterapp?.shell.currentWidget?.sessionContext;"
                " return s?.isReady && s.session?.kernel?.status === 'idle' }"
            )
            page.evaluate("() => window.jupyterapp.commands.execute('agent-host:open-panel')")
            page.locator("#jp-agent-host-panel .jp-AgentHost-header").wait_for()
            for number in itertools.chain([-1], limits.numbers()):
                first, end = _turn(page)
                name = "panel.cold" if number < 0 else "panel.warm"
                record(f"{name}.first", first)
                record(f"{name}.end", end)
            server.stop_sandbox(http, path)
        finally:
            browser.close()


def _turn(page: Page) -> tuple[float, float]:
    """Milliseconds from the click to the first painted text, and to the frame that shows the turn as ended."""
    number = next(numbers)
    page.get_by_label("Prompt to the agent").fill(f"bench: turn {number}")
    page.evaluate(WATCH, f"Answer{number} ")
    page.locator("#jp-agent-host-panel .jp-AgentHost-sendButtons button.jp-mod-accept").click()
    page.wait_for_function("() => window.benchTimes.end > 0 && window.benchTimes.first > 0")
    times = page.evaluate("() => window.benchTimes")
    return times["first"] - times["click"], times["end"] - times["click"]
