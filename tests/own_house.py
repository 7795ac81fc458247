"""A real Jupyter server in this process, so that a test can hold its notebooks and toolboxes in its hands."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import nbformat
import pytest
from jupyter_server.serverapp import ServerApp
from jupyter_ydoc import YNotebook
from nbformat.v4 import new_code_cell, new_notebook
from on_disk import sources_on_disk
from pycrdt import YMessageType, YSyncMessageType, create_sync_message, create_update_message, handle_sync_message
from websockets.asyncio.client import ClientConnection, connect

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.manager import Manager
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.notebook.cells import Snapshot
from jupyter_agent_host.host.notebook.notebook_access import NotebookDocument
from jupyter_agent_host.host.tools.catalogue import ALL_TOOLS
from jupyter_agent_host.host.tools.tool import Permit, ToolAnswer, ToolContext, ToolRequest
from jupyter_agent_host.host.tools.toolbox import Toolbox
from jupyter_agent_host.protocol.host_api import Simple
from jupyter_agent_host.protocol.host_tools import ToolText
from jupyter_agent_host.server.app import AgentHostExtension

TOKEN = "secret-of-the-test"


class AllowAll:
    """A person who says yes to everything, and remembers what to."""

    def __init__(self) -> None:
        self.asked: list[ToolRequest] = []

    async def check(self, _context: ToolContext, request: ToolRequest) -> Permit:
        self.asked.append(request)
        return Permit(allowed=True)


@dataclass
class Desk:
    """One notebook's agent and its tools."""

    agent: NotebookAgent
    toolbox: Toolbox
    permits: AllowAll
    calls: int = 0

    @property
    def document(self) -> NotebookDocument:
        return self.agent.services.notebooks.document(self.agent.row.path)

    async def snapshot(self) -> Snapshot:
        return await self.document.read()

    async def answer(self, name: str, request_id: str = "", **arguments: Any) -> ToolAnswer:
        self.calls += 1
        context = ToolContext(
            agent=self.agent,
            request_id=request_id or f"{self.agent.row.notebook_id}{self.calls}",
            turn_id="turn",
            tool_use_id="use",
        )
        return await self.toolbox.call(context, name, arguments)

    async def do(self, name: str, **arguments: Any) -> str:
        answer = await self.answer(name, **arguments)
        assert not answer.is_error, answer.content
        return text_of(answer)

    async def refused(self, name: str, **arguments: Any) -> str:
        answer = await self.answer(name, **arguments)
        assert answer.is_error, answer.content
        return text_of(answer)


def text_of(answer: ToolAnswer) -> str:
    return "\n".join(block.text for block in answer.content if isinstance(block, ToolText))


@dataclass
class OwnServer:
    """The running server."""

    app: ServerApp
    extension: AgentHostExtension
    manager: Manager
    root: Path

    def notebook(self, name: str, *sources: str, **options: Any) -> Path:
        """Make a notebook whose cells are c0, c1 and so on."""
        cells = [new_code_cell(source, id=f"c{index}") for index, source in enumerate(sources)]
        path = self.root / name
        nbformat.write(new_notebook(cells=cells, **options), path)
        return path

    async def desk(self, path: Path) -> Desk:
        await self.manager.call(NotebookRef(path=str(path)), "status", Simple())
        agent = next(driver.agent for driver in self.manager._drivers.values() if driver.agent.row.path == str(path))
        permits = AllowAll()
        return Desk(agent, Toolbox(ALL_TOOLS, permits), permits)

    def sources(self, path: Path) -> list[str]:
        """What the file holds."""
        return sources_on_disk(path)

    def socket(self, path: str, query: str = "") -> Any:
        address = f"ws://127.0.0.1:{self.app.port}/{path}?token={TOKEN}{query}"
        return connect(address, proxy=None, max_size=None)

    @asynccontextmanager
    async def person(self, name: str) -> AsyncIterator[Person]:
        """Somebody who has the notebook open with real-time collaboration."""
        async with httpx.AsyncClient(headers={"Authorization": f"token {TOKEN}"}, trust_env=False) as http:
            url = f"http://127.0.0.1:{self.app.port}/api/collaboration/session/{name}"
            room = (await http.put(url, json={"format": "json", "type": "notebook"})).json()
        address = f"api/collaboration/room/{room['format']}:{room['type']}:{room['fileId']}"
        async with (
            self.socket(address, f"&sessionId={room['sessionId']}") as socket,
            anyio.create_task_group() as tasks,
        ):
            made = Person(socket, YNotebook())
            await socket.send(create_sync_message(made.notebook.ydoc))
            tasks.start_soon(made.follow)
            await made.until(lambda: len(made.notebook.ycells) > 0)
            yield made
            tasks.cancel_scope.cancel()


class Person:
    """One client of a room."""

    def __init__(self, socket: ClientConnection, notebook: YNotebook) -> None:
        self._socket = socket
        self.notebook = notebook

    async def follow(self) -> None:
        async for message in self._socket:
            if isinstance(message, bytes) and message[0] == YMessageType.SYNC:
                reply = handle_sync_message(message[1:], self.notebook.ydoc)
                if reply is not None and message[1] == YSyncMessageType.SYNC_STEP1:
                    await self._socket.send(reply)

    async def until(self, true: Any) -> None:
        with anyio.fail_after(30):
            while not true():  # noqa: ASYNC110 - messages come from another task
                await anyio.sleep(0.02)

    async def write(self, index: int, text: str) -> None:
        """Type at the end of a cell."""
        source = self.notebook.ycells[index]["source"]
        source += text
        await self._socket.send(create_update_message(self.notebook.ydoc.get_update()))

    @property
    def sources(self) -> list[str]:
        return [str(cell["source"]) for cell in self.notebook.ycells]


@asynccontextmanager
async def own_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, rtc: bool, lab: bool = False
) -> AsyncIterator[OwnServer]:
    """A server until the block ends; `lab` has it serve JupyterLab's pages, too."""
    for name in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(folder / name.lower()))
    for name in ("SETTINGS", "WORKSPACES"):
        monkeypatch.setenv(f"JUPYTERLAB_{name}_DIR", str(folder / name.lower()))
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    root = folder / "root"
    for made in (root, folder / "data"):
        made.mkdir()
    config: Mapping[str, Any] = {
        "ServerApp": {
            "root_dir": str(root),
            "ip": "127.0.0.1",
            "port": 0,
            "open_browser": False,
            "allow_root": True,
            "jpserver_extensions": {
                **dict.fromkeys(("jupyter_lsp", "notebook", "notebook_shim"), False),
                "jupyter_agent_host": True,
                "jupyter_server_ydoc": rtc or lab,
                "jupyterlab": lab,
            },
        },
        "IdentityProvider": {"token": TOKEN},
        "LabApp": {"expose_app_in_browser": True},
        "SQLiteYStore": {"db_path": str(folder / "ystore.db")},
        "YDocExtension": {"disable_rtc": not rtc, "document_save_delay": 0.2},
        "AgentHost": {
            "provider": "process",
            "allow_unsandboxed": True,
            "scripted_model": "demo",
            "data_dir": str(folder / "agent-data"),
        },
    }
    path = folder / "config" / "jupyter_server_config.json"
    path.parent.mkdir()
    path.write_text(json.dumps(config))
    app = ServerApp()
    app.init_signal = lambda: None  # type: ignore[method-assign]
    app.initialize(argv=[])
    await app._post_start()
    (extension,) = app.extension_manager.extension_apps["jupyter_agent_host"]
    assert isinstance(extension, AgentHostExtension)
    try:
        yield OwnServer(app, extension, await extension.host.manager(), root)
    finally:
        with anyio.CancelScope(shield=True):
            app.http_server.stop()
            await app._cleanup()
