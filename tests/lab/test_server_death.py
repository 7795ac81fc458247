"""The Jupyter server is killed in mid-turn and started again: the page that stayed open shows the turn whole."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from lab_window import Window, lab_folders
from playwright.sync_api import Browser, expect

from jupyter_agent_host.cli.shared.own_server import stop_process, wait_until_up, write_config
from jupyter_agent_host.cli.shared.running_servers import JupyterServer
from jupyter_agent_host.container_engine.engine import open_engine
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.providers.docker.docker_settings import DockerSettings
from jupyter_agent_host.providers.docker.image_check import require_image

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

LONG = 90_000


@dataclass
class MortalServer:
    """A server on one port for all its lives, with a sandbox that outlives it."""

    folder: Path
    environ: dict[str, str]
    lives: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> JupyterServer:
        log = self.folder / f"server-{len(self.lives)}.log"
        with log.open("wb") as output:
            command = [sys.executable, "-m", "jupyter_server"]
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=self.environ)
        self.lives.append(process)
        return wait_until_up(process, log)

    def kill(self) -> None:
        """As a power cut does: nothing is told to anybody."""
        self.lives[-1].send_signal(signal.SIGKILL)
        self.lives[-1].wait()


def _image_missing() -> str:
    try:
        engine = open_engine()
        try:
            require_image(engine.client, DockerSettings())
        finally:
            engine.client.close()
    except AgentHostError as err:
        return str(err)
    return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mortal(folder: Path, config: dict[str, Any], *, collaboration: bool) -> Iterator[MortalServer]:
    """With real-time collaboration or without."""
    server_app = {"root_dir": str(folder / "root"), "ip": "127.0.0.1", "port": _free_port(), "allow_root": True}
    whole = {
        **config,
        "AgentHost": {**config["AgentHost"], "provider": "docker"},
        "YDocExtension": {"disable_rtc": not collaboration},
        "ServerApp": {**server_app, "open_browser": False, "jpserver_extensions": {"jupyter_agent_host": True}},
        "IdentityProvider": {"token": "a-token-for-every-life"},
    }
    server = MortalServer(folder, write_config(folder, whole))
    try:
        yield server
    finally:
        for life in server.lives:
            if life.poll() is None:
                stop_process(life)


@pytest.mark.skipif(bool(_image_missing()), reason=f"docker: {_image_missing()}")
@pytest.mark.parametrize("collaboration", [False, True])
def test_the_open_page_outlives_the_server(tmp_path: Path, browser: Browser, *, collaboration: bool) -> None:
    with lab_folders(tmp_path) as config, mortal(tmp_path, config, collaboration=collaboration) as server:
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(metadata=kernel), tmp_path / "root" / "mortal.ipynb")
        life = server.start()
        context = browser.new_context(viewport={"width": 1360, "height": 860})
        context.set_default_timeout(LONG)
        window = Window(context.new_page(), _Place(life), [])  # type: ignore[arg-type]
        window.open("mortal.ipynb")
        window.ask("count please")
        answer = window.turns.first.locator(".jp-AgentHost-markdown")
        expect(answer).to_contain_text("word5", timeout=LONG)
        server.kill()
        expect(window.panel.get_by_text("Connection lost")).to_be_visible(timeout=LONG)
        window.page.screenshot(path=tmp_path / "shots" / f"server-dead-{collaboration}.png")
        again = server.start()
        expect(window.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
        expect(window.panel.get_by_text("Connection lost")).to_have_count(0)
        assert [int(number) for number in re.findall(r"word(\d+)", answer.inner_text())] == list(range(1, 81))
        window.ask("hello")
        expect(window.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
        window.page.screenshot(path=tmp_path / "shots" / f"server-back-{collaboration}.png")
        context.close()  # with collaboration, a server that is asked to stop waits for its pages
        with again.client() as http:
            _stop_agents(http)


@dataclass(frozen=True)
class _Place:
    server: JupyterServer


def _stop_agents(http: httpx.Client) -> None:
    for agent in http.get("agent-host/notebooks").json():
        assert http.post(f"agent-host/notebooks/{agent['notebookId']}/stop", json={}).status_code == 200
