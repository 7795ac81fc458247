"""A real Jupyter server with our extension, in a process of its own, with folders of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import find_connection_file
from nbformat.v4 import new_code_cell, new_notebook
from on_disk import notebook_on_disk
from websockets.sync.client import ClientConnection, connect

from jupyter_agent_host.cli.shared.own_server import own_server
from jupyter_agent_host.cli.shared.running_servers import JupyterServer
from jupyter_agent_host.protocol import kernel_auth

AGENT_HOST = {"provider": "process", "allow_unsandboxed": True, "scripted_model": "demo"}
NO_RTC = {"YDocExtension": {"disable_rtc": True}}


@dataclass(frozen=True)
class Kernel:
    """One real kernel of a server, and its connection key."""

    id: str
    connection_file: str

    @property
    def key(self) -> bytes:
        return str(json.loads(Path(self.connection_file).read_text())["key"]).encode()

    def run(self, code: str) -> str:
        """What the code prints. An error in the kernel is an error here."""
        client = BlockingKernelClient(connection_file=self.connection_file)
        client.load_connection_file()
        client.start_channels()
        printed: list[str] = []
        try:
            client.wait_for_ready(timeout=30)
            reply = client.execute_interactive(
                code, timeout=60, output_hook=lambda m: printed.append(str(m["content"].get("text", "")))
            )
        finally:
            client.stop_channels()
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed)


@dataclass(frozen=True)
class Lab:
    """One real server, a client with its token, and its root folder."""

    server: JupyterServer
    http: httpx.Client
    root: Path

    def notebook(self, name: str, *sources: str) -> Path:
        """Make a notebook with these code cells."""
        path = self.root / name
        nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
        return path

    def session(self, path: str, kind: str = "notebook", kernel_id: str = "", name: str = "python3") -> Kernel:
        """Open a notebook (or a console) on a new kernel, or on one that runs."""
        kernel = {"id": kernel_id} if kernel_id else {"name": name}
        body = {"path": path, "name": Path(path).name, "type": kind, "kernel": kernel}
        answer = self.http.post("api/sessions", json=body)
        assert answer.status_code == 201, answer.text
        found = answer.json()["kernel"]["id"]
        return Kernel(found, find_connection_file(f"kernel-{found}.json"))

    def open(self, path: str) -> dict[str, Any]:
        """The notebook's `NotebookInfo`."""
        answer = self.http.post("agent-host/open", json={"path": path})
        assert answer.status_code == 200, answer.text
        info: dict[str, Any] = answer.json()
        return info

    def save(self, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Save as a page would that holds this metadata."""
        notebook = json.loads((self.root / path).read_text())
        notebook["metadata"] = metadata or {}
        answer = self.http.put(f"api/contents/{path}", json={"type": "notebook", "content": notebook})
        assert answer.status_code == 200, answer.text

    def metadata(self, path: str) -> dict[str, Any]:
        """The metadata on disk."""
        found: dict[str, Any] = notebook_on_disk(self.root / path)["metadata"]
        return found

    def ask(self, path: str, prompt: str) -> str:
        """One whole turn over REST; its text."""
        notebook_id = self.open(path)["notebookId"]
        accepted = self.http.post(f"agent-host/notebooks/{notebook_id}/prompt", json={"prompt": prompt}).json()
        assert "turnId" in accepted, accepted
        request = {"after": accepted["after"], "turnId": accepted["turnId"]}
        with self.http.stream("POST", f"agent-host/notebooks/{notebook_id}/events", json=request) as stream:
            events = [json.loads(line)["event"] for line in stream.iter_lines() if line.strip()]
        assert events[-1]["kind"] == "turn_ended", events
        assert events[-1]["status"] == "completed", events[-1]
        assert self.http.get(f"agent-host/notebooks/{notebook_id}/envelope?wait=1").json() is not None
        return str(events[-1]["text"])


def signed(lab: Lab, kernel: Kernel, verb: str, body: bytes = b"{}", **changes: Any) -> httpx.Request:
    """A request as a kernel sends it. `changes`: key, kernel_id (in the URL), now."""
    kernel_id = changes.get("kernel_id", kernel.id)
    request = httpx.Request("POST", f"{lab.server.url}agent-host/kernels/{kernel_id}/{verb}", content=body)
    request.headers.update(
        kernel_auth.sign_request(
            changes.get("key", kernel.key),
            method="POST",
            path=request.url.raw_path.decode(),
            kernel_id=kernel_id,
            body=body,
            now=changes.get("now"),
        )
    )
    return request


def room_address(lab: Lab, path: str) -> str:
    """Where the notebook's shared document is, relative to the server's address."""
    body = {"format": "json", "type": "notebook"}
    room = lab.http.put(f"api/collaboration/session/{path}", json=body).json()
    place = f"{room['format']}:{room['type']}:{room['fileId']}"
    return f"api/collaboration/room/{place}?sessionId={room['sessionId']}"


def enter_room(lab: Lab, path: str) -> ClientConnection:
    """Open a notebook as a browser does."""
    return connect(
        lab.server.url.replace("http", "ws", 1) + room_address(lab, path),
        additional_headers={"Authorization": f"token {lab.server.token}"},
        proxy=None,
        max_size=None,
    )


LabMaker = Callable[..., AbstractContextManager[Lab]]


@pytest.fixture(scope="session")
def jupyter_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Configuration, data and runtime files of these tests' servers and kernels, apart from the person's own."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONFIG", "DATA", "RUNTIME"):
            patch.setenv(f"JUPYTER_{name}_DIR", str(folder / name.lower()))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
            patch.delenv(name, raising=False)
        yield folder


@pytest.fixture(scope="session")
def make_lab(jupyter_folders: Path, tmp_path_factory: pytest.TempPathFactory) -> LabMaker:
    """What starts one more server, in a `with` block. Servers share a data folder only when told."""

    @contextmanager
    def make(config: dict[str, Any] | None = None, root: Path | None = None) -> Iterator[Lab]:
        root = root or tmp_path_factory.mktemp("root")
        given = config or {}
        traits = {"data_dir": str(tmp_path_factory.mktemp("data")), **AGENT_HOST, **given.get("AgentHost", {})}
        whole = {**NO_RTC, **given, "AgentHost": traits}
        with own_server(root, config=whole) as server, server.client() as http:
            yield Lab(server, http, root)

    return make


@pytest.fixture(scope="module")
def lab(make_lab: LabMaker) -> Iterator[Lab]:
    """One server for the tests of a file, without real-time collaboration."""
    with make_lab() as made:
        yield made
