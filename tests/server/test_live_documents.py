"""Saving with real-time collaboration: the open document is edited, and disk and document stay the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import YMessageType, YSyncMessageType, create_sync_message, create_update_message, handle_sync_message
from server_lab import Lab, LabMaker, enter_room, room_address
from test_saving import HELLO, eventually
from websockets.sync.client import ClientConnection


@pytest.fixture(scope="module")
def shared(make_lab: LabMaker) -> Iterator[Lab]:
    """A server with real-time collaboration."""
    with make_lab({"YDocExtension": {"disable_rtc": False, "document_save_delay": 0.2}}) as made:
        yield made


def follow(socket: ClientConnection, notebook: YNotebook) -> None:
    """Take what the room sends until it is silent for a moment."""
    while True:
        try:
            message = socket.recv(timeout=1.5)
        except TimeoutError:
            return
        if isinstance(message, bytes) and message[0] == YMessageType.SYNC:
            reply = handle_sync_message(message[1:], notebook.ydoc)
            if reply is not None and message[1] == YSyncMessageType.SYNC_STEP1:
                socket.send(reply)


def test_the_open_document_gets_the_session_and_the_disk_the_same(shared: Lab) -> None:
    shared.notebook("live.ipynb", "1 + 1")
    page = YNotebook()
    with enter_room(shared, "live.ipynb") as socket:
        socket.send(create_sync_message(page.ydoc))
        follow(socket, page)
        assert [cell["source"] for cell in page.source["cells"]] == ["1 + 1"]
        shared.ask("live.ipynb", HELLO)
        follow(socket, page)
        envelope = page.source["metadata"]["agent_host"]
        assert envelope["notebook_id"] == shared.open("live.ipynb")["notebookId"]
        assert eventually(lambda: shared.metadata("live.ipynb").get("agent_host")) == envelope
        source = page.ycells[0]["source"]
        source += " + 1"
        socket.send(create_update_message(page.ydoc.get_update()))
        eventually(lambda: "1 + 1 + 1" in (shared.root / "live.ipynb").read_text())
        assert shared.metadata("live.ipynb")["agent_host"] == envelope


def test_a_room_that_is_not_loaded_yet_is_waited_for(shared: Lab) -> None:
    shared.notebook("early.ipynb", "1 + 1")
    # Asked for without becoming a WebSocket, the room is there and empty: every page's room is, for a moment.
    assert shared.http.get(room_address(shared, "early.ipynb")).status_code == 400
    with ThreadPoolExecutor() as pool:
        opening = pool.submit(shared.open, "early.ipynb")
        time.sleep(0.3)
        assert not opening.done()
        with enter_room(shared, "early.ipynb"):
            assert opening.result(timeout=30)["path"] == "early.ipynb"


def test_a_room_that_nobody_loads_is_not_waited_for_without_end(shared: Lab) -> None:
    shared.notebook("never.ipynb", "1 + 1")
    assert shared.http.get(room_address(shared, "never.ipynb")).status_code == 400
    assert shared.open("never.ipynb")["path"] == "never.ipynb"
