"""Real pages of a JupyterLab whose server runs in this process, so that a test calls the agent's tools itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from difflib import unified_diff
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from chromium import ARGUMENTS, CHROMIUM
from own_house import TOKEN, OwnServer, own_server
from playwright.async_api import Browser, Page, Response, async_playwright, expect
from playwright.async_api import TimeoutError as TooLongError
from tornado.websocket import WebSocketClosedError

SHOWN_MILLISECONDS = 60_000

_CONTEXT = "window.jupyterapp.shell.currentWidget.context"
_MODEL = f"{_CONTEXT}.model"
_DIALOG = """new Promise(done => setInterval(() => {
    const shown = document.querySelector('.jp-Dialog'); if (shown) done(shown.innerText); }, 50))"""
_SOURCES = f"[...{_MODEL}.sharedModel.cells].map(cell => cell.getSource())"
_SHOWN = (
    "[...document.querySelectorAll('.jp-Notebook .jp-Cell .cm-content')]"
    ".map(editor => [...editor.querySelectorAll('.cm-line')].map(line => line.textContent).join('\\n'))"
)


@dataclass(frozen=True)
class LabPage:
    """One page with one notebook."""

    page: Page

    async def sources(self) -> list[str]:
        """The cells that the page holds."""
        found: list[str] = await self.page.evaluate(f"() => {_SOURCES}")
        return found

    async def shows(self, sources: list[str]) -> None:
        """Wait until the page holds exactly these cells, and has their text on the screen, too."""
        await self._has(f"[{_SOURCES}, {_SHOWN}]", [sources, sources])

    async def holds(self, sources: list[str]) -> None:
        """Wait until the page holds exactly these cells, more than are on the screen."""
        await self._has(_SOURCES, sources)

    async def _has(self, expression: str, wanted: list[Any]) -> None:
        text = json.dumps(wanted, ensure_ascii=False, separators=(",", ":"))
        same = f"text => JSON.stringify({expression}) === text"
        try:
            await self.page.wait_for_function(same, arg=text, timeout=SHOWN_MILLISECONDS, polling=50)
        except TooLongError:
            found = await self.page.evaluate(f"() => {expression}")
            pytest.fail("\n".join(unified_diff([*map(repr, wanted)], [*map(repr, found)], "wanted", "found", n=1)))

    async def type_into(self, index: int, text: str) -> None:
        """As a person does: click, see the cursor, go to the last line's end, press keys."""
        editor = self.page.locator(".jp-Notebook .jp-Cell .cm-content").nth(index)
        await editor.click()
        await expect(editor).to_be_focused()
        await self.page.keyboard.press("Control+End")
        await self.page.keyboard.type(text)

    async def save(self) -> None:
        """Save, and wait for it; no dialog may come up.

        A room saves by itself, too, and it takes a moment until the page hears of it. JupyterLab takes a file that was
        saved within that moment for changed by somebody else, and asks; so the room goes first.
        """
        same = f"{_CONTEXT}.contentsModel.hash === {_MODEL}.sharedModel.getState('hash')"
        await self.page.wait_for_function(f"() => !{_MODEL}.collaborative || (!{_MODEL}.dirty && {same})")
        asked = await self.page.evaluate(f"() => Promise.race([{_CONTEXT}.save().then(() => ''), {_DIALOG}])")
        assert asked == "", "a dialog came up"
        await self.page.wait_for_function(f"() => !{_MODEL}.dirty")
        await expect(self.page.locator(".jp-Dialog")).to_have_count(0)


@dataclass(frozen=True)
class LabPages:
    """The server, and a browser."""

    server: OwnServer
    browser: Browser
    shots: Path
    failures: list[str]

    async def open(self, name: str) -> LabPage:
        """The notebook in a page of its own, its kernel idle."""
        made = await self.blank()
        await self.load(made, name)
        return made

    async def blank(self) -> LabPage:
        """A page that has not loaded anything yet."""
        context = await self.browser.new_context(viewport={"width": 1360, "height": 860})
        context.set_default_timeout(60_000)
        page = await context.new_page()

        def note(response: Response) -> None:
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self.failures.append(f"{response.status} {response.url}")

        page.on("response", note)
        return LabPage(page)

    async def load(self, made: LabPage, name: str) -> None:
        """Load the page (anew)."""
        await made.page.goto(f"http://127.0.0.1:{self.server.app.port}/lab/tree/{name}?reset&token={TOKEN}")
        await made.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.context?.isReady === true")
        await made.page.wait_for_function(
            "() => { const s = window.jupyterapp.shell.currentWidget.sessionContext;"
            " return s.isReady && s.session?.kernel?.connectionStatus === 'connected'"
            " && s.session.kernel.status === 'idle' }"
        )

    async def shot(self, made: LabPage, name: str) -> None:
        """Keep how it looks."""
        await made.page.screenshot(path=self.shots / f"{name}.png")


@asynccontextmanager
async def lab_pages(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rtc: bool) -> AsyncIterator[LabPages]:
    """The server and the browser until the block ends; no page may have met a failure of the server."""
    news = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    failures: list[str] = []
    shots = folder / "shots"
    shots.mkdir()
    print(f"\nscreenshots: {shots}")  # noqa: T201 - whoever runs this looks at them
    _let_pages_go()
    async with own_server(folder, monkeypatch, rtc=rtc, lab=True) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        try:
            yield LabPages(server, browser, shots, failures)
        finally:
            await browser.close()
    assert failures == []


def _let_pages_go() -> None:
    """A kernel's message to a page that has just gone is Jupyter's to lose, and no failure of the test's event loop."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), WebSocketClosedError):
            (before or asyncio.AbstractEventLoop.default_exception_handler)(loop, context)

    loop.set_exception_handler(handle)


def kernelspec() -> dict[str, Any]:
    """Metadata that keeps a page from asking which kernel to start."""
    return {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
