"""Hostile answers in a real JupyterLab: nothing runs, and no request leaves the page's own server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Page, sync_playwright
from scripted_client import ENDED, INFO
from test_inert import HOSTILE
from test_render import ATTACK, tool
from test_turn import delta, view_of

from jupyter_agent_host.rendering.markdown_sanitizer import make_inert
from jupyter_agent_host.rendering.mime_bundle import final_bundle

CHROMIUM = shutil.which("chromium")
TOKEN = "made-up-token"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]

CELL = """
import json
from IPython.display import display
for bundle in json.load(open("bundles.json"))[{first}:{last}]:
    display(bundle, raw=True)
"""
_OUTPUTS_A_CELL = 40  # JupyterLab hides what comes after the fiftieth
AUDIT = """() => [...document.querySelectorAll('.jp-OutputArea-output *')].flatMap(e => {
    const bad = [];
    for (const a of e.attributes) {
        if (a.name.startsWith('on')) bad.push(e.outerHTML);
        if (['src', 'poster', 'data', 'srcset', 'background'].includes(a.name) && !a.value.startsWith('data:'))
            bad.push(e.outerHTML);
        if (a.name === 'href' && /^\\s*(javascript|vbscript|data|file):/i.test(a.value)) bad.push(e.outerHTML);
        if (a.name === 'style' && /url\\(/i.test(a.value)) bad.push(e.outerHTML);
    }
    if (['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'VIDEO', 'AUDIO', 'LINK', 'STYLE', 'FORM', 'BASE'].includes(e.tagName))
        bad.push(e.outerHTML);
    return bad;
})"""
READY = """() => {
    const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
    return context?.isReady && context.session?.kernel?.connectionStatus === 'connected'
        && context.session.kernel.status === 'idle';
}"""


@dataclass(frozen=True)
class Lab:
    url: str
    folder: Path


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("lab")
    folder = root / "work"
    folder.mkdir()
    turn = view_of(delta(ATTACK), *tool(1, ATTACK, {ATTACK: ATTACK}, ATTACK), ENDED)
    bundles = [
        *({"text/markdown": make_inert(text.encode(errors="replace").decode()), "text/plain": ""} for text in HOSTILE),
        final_bundle(turn, INFO),
        {"text/markdown": "the last one", "text/plain": ""},
    ]
    (folder / "bundles.json").write_text(json.dumps(bundles))
    starts = range(0, len(bundles), _OUTPUTS_A_CELL)
    codes = [CELL.format(first=start, last=start + _OUTPUTS_A_CELL) for start in starts]
    write_notebook(folder / "a.ipynb", codes)
    settings = root / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTER_DATA_DIR": str(root / "data"),
        "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(root / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
        "IPYTHONDIR": str(root / "ipython"),
    }
    options = f"--no-browser --allow-root --ServerApp.ip=127.0.0.1 --ServerApp.port={port} --ServerApp.port_retries=0"
    more = ["--LabApp.expose_app_in_browser=True", "--YDocExtension.disable_rtc=True"]
    more += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}"]
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options.split(), *more], env=environ, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        _wait_until_up(f"{url}api?token={TOKEN}")
        yield Lab(url, folder)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_notebook(path: Path, codes: list[str]) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


def _wait_until_up(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback server
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser.new_page()
        browser.close()


class Watch:
    """What the page asked for, and what it said."""

    def __init__(self, page: Page, origin: str) -> None:
        self.left: list[str] = []
        self.dialogs: list[str] = []
        self._origin = origin
        page.on("request", self._request)
        page.on("dialog", self._dialog)

    def _request(self, request: Any) -> None:
        url = request.url
        if not url.startswith((self._origin, "data:", "blob:", self._origin.replace("http", "ws"))):
            self.left.append(url)

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


def see_all_outputs(page: Page) -> None:
    """Outputs are rendered when they come into view."""
    page.wait_for_selector(".jp-OutputArea-output", timeout=60_000)
    deadline = time.monotonic() + 30
    while page.get_by_text("the last one").count() == 0 and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    page.get_by_text("the last one").first.scroll_into_view_if_needed()
    for summary in page.query_selector_all(".jp-OutputArea-output summary"):
        summary.evaluate("e => { e.parentElement.open = true; }")
    page.wait_for_timeout(1500)  # time for what must not happen


@pytest.mark.timeout(240)
def test_nothing_leaves_the_origin_when_shown_and_when_opened_again(lab: Lab, page: Page) -> None:
    watch = Watch(page, lab.url)
    page.goto(f"{lab.url}lab/tree/a.ipynb?reset&token={TOKEN}")
    page.wait_for_function(READY, timeout=90_000)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    see_all_outputs(page)
    assert page.evaluate(AUDIT) == []
    assert page.locator(".jp-OutputArea-output summary").count() == 1

    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=30_000)
    page.goto(f"{lab.url}lab/tree/a.ipynb?reset")
    see_all_outputs(page)
    assert page.evaluate(AUDIT) == []
    assert watch.left == []
    assert watch.dialogs == []


@pytest.mark.timeout(240)
def test_the_same_watch_notices_markdown_that_is_not_inert(lab: Lab, page: Page) -> None:
    """Positive control: without it, the test above could pass for any reason."""
    code = CELL.format(first=0, last=9).replace("bundles", "control")
    write_notebook(lab.folder / "control.ipynb", [code])
    hostile = ["![x](http://127.0.0.1:9/?secret)", "<img src=x onerror=\"alert('ran')\">", "the last one"]
    (lab.folder / "control.json").write_text(json.dumps([{"text/markdown": text} for text in hostile]))
    watch = Watch(page, lab.url)
    page.goto(f"{lab.url}lab/tree/control.ipynb?reset&token={TOKEN}")
    page.wait_for_function(READY, timeout=90_000)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    see_all_outputs(page)
    assert page.evaluate(AUDIT) != []
    assert watch.left == ["http://127.0.0.1:9/?secret"]
