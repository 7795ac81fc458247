"""Servers and the scripted model of the end-to-end bench, each a process of its own that ends with its block."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import nbformat
from nbformat.v4 import new_code_cell, new_notebook

START_SECONDS = 90.0
STOP_SECONDS = 40.0
DELTAS = 10_000
DELTA_PROMPT = "bench: many deltas"
SLOW_PROMPT = "bench: slowly"
SCRIPT = {
    "name": "bench",
    "rules": [
        {"when": {"prompt_regex": "bench: many deltas"}, "say": f"Manywords {{words:{DELTAS}}}"},
        {"when": {"prompt_regex": "bench: slowly"}, "delta_delay_seconds": 0.05, "say": "Slowwords {words:2000}"},
        {"when": {"prompt_regex": r"bench: turn (\w+)"}, "say": "Answer{group:1} in nine words, all in one line."},
    ],
    "otherwise": {"say": "A short answer of nine words in one line."},
}
CONFIG_VARIABLES = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
LAB_VARIABLES = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")


@contextmanager
def ended(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Terminate this process when the block ends; kill it when it does not end by itself."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def scripted_model(folder: Path) -> Iterator[str]:
    """The model in a process of its own, so that it takes no time from what is measured; its base URL."""
    script = folder / "script.json"
    script.write_text(json.dumps(SCRIPT))
    command = [sys.executable, "-m", "jupyter_agent_host.scripted_model", str(script)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with ended(process):
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError("The scripted model did not start; its message is above.")
        yield url


@contextmanager
def busy_core(seconds: float) -> Iterator[None]:
    """Keep one core busy during the block, and never longer than `seconds`."""
    loop = "import sys, time\nend = time.monotonic() + float(sys.argv[1])\nwhile time.monotonic() < end: pass"
    process = subprocess.Popen([sys.executable, "-c", loop, str(seconds)])
    with ended(process):
        yield


def clean_environ(folder: Path) -> dict[str, str]:
    """This environment with Jupyter's folders below `folder` and no credential."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("ANTHROPIC_", "JUPYTER", "JPY_"))}
    places = {name: str(folder / name.lower()) for name in (*CONFIG_VARIABLES, *LAB_VARIABLES)}
    return {**kept, **places, "JUPYTER_PLATFORM_DIRS": "1"}


def model_environ(url: str) -> dict[str, str]:
    """Variables that make the SDK, or the product's server, use the scripted model."""
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "sk-bench",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }


@dataclass(frozen=True)
class Server:
    """A running Jupyter server.

    Attributes:
        url: ends with a slash.
        runtime: where the connection files of its kernels are.
        start_seconds: from starting the process to the first answer with status 200.
    """

    url: str
    token: str = field(repr=False)
    root: Path
    runtime: Path
    environ: dict[str, str] = field(repr=False)
    start_seconds: float

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"token {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=90, trust_env=False)

    def notebook(self, name: str) -> str:
        """Make a notebook with one empty cell whose id is `cell-1`; its path below the root."""
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
        nbformat.write(new_notebook(cells=[new_code_cell("", id="cell-1")], metadata=kernel), self.root / name)
        return name

    def notebook_id(self, http: httpx.Client, path: str) -> str:
        return str(http.post("agent-host/open", json={"path": path}).raise_for_status().json()["notebookId"])

    def stop_sandbox(self, http: httpx.Client, path: str) -> None:
        """What `%agent stop` does: the sandbox ends, the conversation stays."""
        found = self.notebook_id(http, path)
        http.post(f"agent-host/notebooks/{found}/stop", json={}).raise_for_status()


def agent_config(folder: Path, provider: str) -> dict[str, Any]:
    """Traits of the product: the provider, a data folder of its own, a rate that the bench does not reach."""
    return {"provider": provider, "data_dir": str(folder / "agent-data"), "max_requests_per_minute": 100_000}


@contextmanager
def jupyter_server(
    folder: Path,
    *,
    model_url: str,
    agent: Mapping[str, Any] | None,
    module: str = "jupyter_server",
    ready_at: str = "api/status",
) -> Iterator[Server]:
    """A Jupyter server on a free port of the loopback; `agent=None` starts it without the extension."""
    environ = {**clean_environ(folder), **model_environ(model_url)}
    root, config_dir = folder / "root", Path(environ["JUPYTER_CONFIG_DIR"])
    root.mkdir(parents=True, exist_ok=True)
    config_dir.mkdir(parents=True, exist_ok=True)
    token, port = secrets.token_hex(24), _free_port()
    config: dict[str, Any] = {
        "ServerApp": {
            "root_dir": str(root),
            "ip": "127.0.0.1",
            "port": port,
            "open_browser": False,
            "allow_root": True,
            "jpserver_extensions": {"jupyter_agent_host": agent is not None},
        },
        "IdentityProvider": {"token": token},
        "LabApp": {"expose_app_in_browser": True, "open_browser": False},
        "YDocExtension": {"disable_rtc": True},
        "AgentHost": dict(agent or {}),
    }
    (config_dir / "jupyter_server_config.json").write_text(json.dumps(config))
    (config_dir / "jupyter_agent_host_config.json").write_text(json.dumps({"AgentHost": dict(agent or {})}))
    # JupyterLab's question about news would cover the panel's button.
    settings = Path(environ["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    log = folder / "server.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environ,
            cwd=root,
        )
    with ended(process):
        url = f"http://127.0.0.1:{port}/"
        _wait_for(f"{url}{ready_at}", token, process, log)
        took = time.perf_counter() - began
        yield Server(url, token, root, Path(environ["JUPYTER_RUNTIME_DIR"]), environ, took)


def _wait_for(address: str, token: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(headers={"Authorization": f"token {token}"}, trust_env=False, timeout=START_SECONDS) as http:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if http.get(address).status_code == httpx.codes.OK:
                    return
            except httpx.ConnectError:
                pass  # it does not listen yet
            time.sleep(0.01)
    tail = log.read_bytes()[-1500:].decode(errors="replace")
    raise RuntimeError(f"The Jupyter server did not answer within {START_SECONDS:g} s. The end of its log:\n{tail}")


def _free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])
