"""A page that was away: without network for a while, or asleep with a connection that nobody closed."""

from __future__ import annotations

import re
import time
from typing import Any

from lab_window import Lab, OpenWindow, Window
from playwright.sync_api import Locator, WebSocketRoute, expect

LONG = 60_000
SOCKET = re.compile("events/socket")


def counting(window: Window) -> Locator:
    window.ask("count please")
    answer = window.turns.first.locator(".jp-AgentHost-markdown")
    expect(answer).to_contain_text("word5", timeout=LONG)
    return answer


def ended(lab: Lab, path: str, window: Window) -> None:
    """Wait until the server's turn has ended, whatever the page knows of it."""
    found = lab.http.post("agent-host/open", json={"path": path}).json()["notebookId"]
    deadline = time.monotonic() + 60
    while lab.http.post(f"agent-host/notebooks/{found}/status", json={}).json()["state"] == "working":
        assert time.monotonic() < deadline
        window.page.wait_for_timeout(200)


def whole(answer: Locator) -> None:
    expect(answer).to_contain_text("END", timeout=LONG)
    assert [int(number) for number in re.findall(r"word(\d+)", answer.inner_text())] == list(range(1, 81))


def test_a_page_without_network_tries_ever_less_often_and_misses_nothing(lab: Lab, window: OpenWindow) -> None:
    lab.notebook("network.ipynb", "1 + 1")
    page = window()
    away = False
    open_now: list[WebSocketRoute] = []
    tries: list[float] = []

    def dial(socket: WebSocketRoute) -> None:
        if away:
            tries.append(time.monotonic())
            socket.close(code=1001)
        else:
            open_now.append(socket)
            socket.connect_to_server()

    page.page.route_web_socket(SOCKET, dial)
    # JupyterLab's own word that its server cannot be reached.
    dialog = page.page.locator(".jp-Dialog")
    page.page.add_locator_handler(dialog, dialog.locator(".jp-Dialog-button").last.click)
    page.open("network.ipynb")
    answer = counting(page)
    network = page.page.context.new_cdp_session(page.page)
    network.send("Network.enable")
    conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    away = True
    network.send("Network.emulateNetworkConditions", {"offline": True, **conditions})
    open_now[-1].close(code=1001)
    expect(page.panel.get_by_text("Connection lost")).to_be_visible()
    page.shot("connection-lost")
    assert page.serious() == []
    ended(lab, "network.ipynb", page)
    page.page.wait_for_timeout(3000)
    assert 1 <= len(tries) <= 8
    expect(page.turns.first).to_have_attribute("data-status", "running")
    away = False
    network.send("Network.emulateNetworkConditions", {"offline": False, **conditions})
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    whole(answer)
    expect(page.panel.get_by_text("Connection lost")).to_have_count(0)
    expect(page.panel.get_by_role("alert")).to_have_count(0)
    expect(page.state).to_have_text("idle", timeout=LONG)
    page.ask("hello")
    expect(page.turns).to_have_count(2, timeout=LONG)
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)


def test_a_computer_that_slept_finds_out_that_its_connection_is_dead(lab: Lab, window: OpenWindow) -> None:
    """The lid was closed in mid-turn; afterwards the old socket is open and silent for ever."""
    lab.notebook("asleep.ipynb", "1 + 1")
    page = window()
    page.page.clock.install()
    asleep = False
    dead: list[Any] = []

    def dial(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        mine = len(dead)
        dead.append(False)

        def pass_on(message: str | bytes) -> None:
            dead[mine] = dead[mine] or asleep
            if not dead[mine]:
                socket.send(message)

        server.on_message(pass_on)

    page.page.route_web_socket(SOCKET, dial)
    page.open("asleep.ipynb")
    answer = counting(page)
    asleep = True
    ended(lab, "asleep.ipynb", page)
    expect(page.turns.first).to_have_attribute("data-status", "running")
    expect(page.panel.get_by_text("Connection lost")).to_have_count(0)
    asleep = False
    page.page.clock.fast_forward("08:00:00")
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    assert any(dead)
    whole(answer)
    page.shot("woken")
