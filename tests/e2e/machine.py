"""A person's machine: Jupyter's folders, a real server on them, and a real kernel a notebook is run with."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from nbformat.v4 import new_code_cell, new_notebook
from on_disk import notebook_on_disk

TURN_TYPE = "application/vnd.jupyter-agent-host.turn.v1+json"
LOAD = "%load_ext jupyter_agent_host"


@dataclass
class Outcome:
    """What running one cell showed: its final outputs, in order, and the error's name if there was one."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """Everything as plain text."""
        return "\n".join(
            str(output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue") or "")
            for output in self.outputs
        )

    @property
    def markdown(self) -> str:
        return "\n".join(str(output.get("data", {}).get("text/markdown", "")) for output in self.outputs)

    @property
    def turn(self) -> dict[str, Any]:
        """The rich bundle of the turn."""
        return next(output["data"][TURN_TYPE] for output in self.outputs if TURN_TYPE in output.get("data", {}))


class Page:
    """One open notebook: a session on the server and its kernel, driven as a frontend does."""

    def __init__(self, machine: Machine, path: str) -> None:
        self.machine = machine
        self.path = path
        body = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        answer = machine.http.post("api/sessions", json=body)
        assert answer.status_code == 201, answer.text
        self.session_id = answer.json()["id"]
        self.kernel_id = answer.json()["kernel"]["id"]
        runtime = machine.folder / "runtime" / f"kernel-{self.kernel_id}.json"
        self.client = BlockingKernelClient(connection_file=str(runtime))
        self.client.load_connection_file()
        self.client.start_channels()
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        """The client's own wait takes a missed heartbeat for a death, which a loaded machine has often."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            self.client.kernel_info()
            try:
                self.client.get_shell_msg(timeout=5)
                self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            return
        raise AssertionError(f"no kernel in 90 s: {self.machine.log.read_text()[-2000:]}")

    def run(self, source: str, *, seconds: float = 90, interrupt_when: str = "") -> Outcome:
        """Run one cell to its end; `interrupt_when` names a text in an output that makes the person interrupt."""
        outcome, shown, began = Outcome(), {}, time.monotonic()
        message_id = self.client.execute(source, allow_stdin=False)
        interrupted = False
        while True:
            message = self.client.get_iopub_msg(timeout=seconds)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                break
            self._take(kind, content, outcome, shown)
            if interrupt_when and not interrupted and interrupt_when in json.dumps(content):
                interrupted, began = True, time.monotonic()
                self.interrupt()
        outcome.seconds = time.monotonic() - began
        return outcome

    def interrupt(self) -> None:
        answer = self.machine.http.post(f"api/kernels/{self.kernel_id}/interrupt")
        assert answer.status_code == 204, answer.text

    def save(self) -> dict[str, Any]:
        """Save as a page does: what it has, by the contents API. The metadata then on disk."""
        model = self.machine.http.get(f"api/contents/{self.path}", params={"content": 1}).json()
        answer = self.machine.http.put(
            f"api/contents/{self.path}", json={"type": "notebook", "content": model["content"]}
        )
        assert answer.status_code == 200, answer.text
        return self.machine.metadata(self.path)

    def close(self) -> None:
        self.client.stop_channels()
        self.machine.http.delete(f"api/sessions/{self.session_id}")

    @staticmethod
    def _take(kind: str, content: dict[str, Any], outcome: Outcome, shown: dict[str, dict[str, Any]]) -> None:
        display_id = content.get("transient", {}).get("display_id")
        if kind == "update_display_data" and display_id in shown:
            shown[display_id].update(content)
        elif kind in ("stream", "display_data", "execute_result"):
            output = dict(content)
            outcome.outputs.append(output)
            if display_id:
                shown[display_id] = output
        elif kind == "error":
            outcome.error = content["ename"]
            outcome.outputs.append(dict(content))


class Machine:
    """`start` and `stop` a real server on this machine's own folders, as often as needed.

    `person` is a command that runs a Python as another user, such as `setpriv ... python3`.
    """

    def __init__(
        self, folder: Path, upstream: str, *, config: dict[str, Any], rtc: bool = False, person: Sequence[str] = ()
    ) -> None:
        self._person = list(person)
        self.folder = folder
        self.root = folder / "notebooks"
        self.root.mkdir(parents=True, exist_ok=True)
        self._config = config
        self._rtc = rtc
        self._upstream = upstream
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client()

    def notebook(self, name: str, *sources: str) -> Path:
        path = self.root / name
        nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
        return path

    def metadata(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = notebook_on_disk(self.root / name)["metadata"]
        return found

    def start(self) -> Machine:
        for name in ("config", "data", "runtime", "ipython", "home"):
            (self.folder / name).mkdir(exist_ok=True)
        config = {
            "ServerApp": {"root_dir": str(self.root), "ip": "127.0.0.1", "port": 0, "open_browser": False},
            "IdentityProvider": {"token": "e2e-token"},
            "YDocExtension": {"disable_rtc": not self._rtc},
            "AgentHost": self._config,
        }
        config["ServerApp"]["allow_root"] = True
        (self.folder / "config" / "jupyter_server_config.json").write_text(json.dumps(config))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*(self._person or [sys.executable]), "-m", "jupyter_server"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environ(),
                cwd=self.root,
            )
        info = self._wait(self.folder / "runtime" / f"jpserver-{self.process.pid}.json")
        self.http = httpx.Client(
            base_url=info["url"], headers={"Authorization": "token e2e-token"}, timeout=60, trust_env=False
        )
        return self

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def page(self, name: str) -> Page:
        return Page(self, name)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
            self.process = None
        self.http.close()

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def _environ(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "ANTHROPIC", "JPY"))}
        names = {f"JUPYTER_{name.upper()}_DIR": str(self.folder / name) for name in ("config", "data", "runtime")}
        return {
            **kept,
            **names,
            "IPYTHONDIR": str(self.folder / "ipython"),
            "HOME": str(self.folder / "home"),
            "ANTHROPIC_BASE_URL": self._upstream,
            "ANTHROPIC_API_KEY": "sk-e2e-secret-key",
        }

    def _wait(self, info_file: Path) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            if info_file.exists() and info_file.stat().st_size:
                found: dict[str, Any] = json.loads(info_file.read_text())
                return found
            time.sleep(0.05)
        raise AssertionError(f"no server in 60 s: {self.log.read_text()[-3000:]}")


@contextmanager
def running(machine: Machine) -> Iterator[Machine]:
    """Start a machine's server for a while."""
    machine.start()
    try:
        yield machine
    finally:
        machine.stop()


MakeMachine = Callable[..., Machine]
