"""A real JupyterLab in a real Chromium: token auth on, a process as the sandbox, a script as the model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import ARGUMENTS, CHROMIUM
from lab_window import Lab, OpenWindow, Window, lab_folders
from playwright import async_api, sync_api
from playwright.sync_api import Browser, Request, sync_playwright

from jupyter_agent_host.cli.shared.own_server import own_server

# Playwright's five seconds are little for two browsers and their servers on two cores.
for each in (sync_api.expect, async_api.expect):
    each.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine: apt-get install chromium"))


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One server for the tests of a file; without real-time collaboration, unless the file says `RTC = True`.

    Tests that are parametrized over `lab`, indirectly, say it themselves.
    """
    folder = tmp_path_factory.mktemp("lab")
    together = getattr(request, "param", getattr(request.module, "RTC", False))
    with lab_folders(folder) as config:
        rtc = {"YDocExtension": {"disable_rtc": not together}}
        with own_server(folder / "root", config={**config, **rtc}) as server, server.client() as http:
            yield Lab(server, http, folder / "root", folder / "shots")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed after each file: Playwright's event loop would stand in the way of every asynchronous test after these."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        yield made
        made.close()


@pytest.fixture
def window(lab: Lab, browser: Browser) -> Iterator[OpenWindow]:
    """Opens pages; no page may ask any server but ours."""
    contexts = []
    foreign: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((lab.server.url, "data:", "blob:")):
            foreign.append(request.url)

    def make(path: str = "", front_end: str = "lab/tree", **options: Any) -> Window:
        context = browser.new_context(viewport={"width": 1360, "height": 860}, **options)
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("request", note)
        made = Window(page, lab, foreign, front_end)
        if path:
            made.open(path)
        return made

    yield make
    for context in contexts:
        context.close()
    assert foreign == []
