"""The agent hosted in this very process: the real host, the real command-line program, only the words scripted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME
from nbclient import NotebookClient

from jupyter_agent_host.client.agent_client import AgentClient
from jupyter_agent_host.errors import EnvelopeCorruptError
from jupyter_agent_host.host.api.manager import Manager
from jupyter_agent_host.notebook.in_process_client import InProcessClient
from jupyter_agent_host.notebook.turns.turn_follower import TurnFollower
from jupyter_agent_host.protocol.host_api import (
    EventsRequest,
    History,
    HistoryRequest,
    NotebookInfo,
    PromptRequest,
    Simple,
)
from jupyter_agent_host.rendering.turn_view import TurnView
from jupyter_agent_host.server.config.agent_host_traits import AgentHost
from jupyter_agent_host.server.configured_host import open_configured_host

PROMPT = "Read sales.csv, find the month with the highest revenue, and write it to answer.txt"
SALES = "month,revenue\n2024-01,3\n2024-02,5\n"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)


@pytest.fixture
def opener(tmp_path: Path) -> Callable[[], AbstractAsyncContextManager[Manager]]:
    def open_host() -> AbstractAsyncContextManager[Manager]:
        config = AgentHost(
            provider="process", allow_unsandboxed=True, scripted_model="demo", data_dir=str(tmp_path / "data")
        )
        return open_configured_host(config, notebook_secret=b"secret")

    return open_host


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "sales.csv").write_text(SALES)
    return folder


@pytest.fixture
def client(folder: Path, opener: Callable[[], AbstractAsyncContextManager[Manager]]) -> Iterator[InProcessClient]:
    client = InProcessClient(folder / "nb.ipynb", kernel_id="k1", open_host=opener)
    yield client
    client.close()


class Silent:
    def show(self, view: TurnView, status: str) -> None: ...

    def finish(self, view: TurnView, info: NotebookInfo | None, note: str = "") -> None: ...


def test_a_turn_from_prompt_to_file_and_a_second_host_that_remembers(
    client: InProcessClient, folder: Path, opener: Callable[[], AbstractAsyncContextManager[Manager]]
) -> None:
    assert isinstance(client, AgentClient)
    outcome = TurnFollower(client, PromptRequest(prompt=PROMPT, headless=True), Silent()).run()
    assert outcome.failure is None
    assert outcome.view.ended is not None
    assert outcome.view.ended.status == "completed"
    assert "2024-02" in (folder / "answer.txt").read_text()
    assert [file.path for file in outcome.view.files] == ["answer.txt"]
    assert outcome.info is not None
    assert outcome.info.scripted_model
    assert outcome.info.isolation_level == "none"

    again = list(client.events(EventsRequest(turn_id=outcome.view.turn_id)))
    assert [record.number for record in again] == [record.number for record in outcome.events]

    started = time.monotonic()
    client.close()
    client.close()
    assert time.monotonic() - started < 30
    later = InProcessClient(folder / "nb.ipynb", open_host=opener)
    history = later.call("history", HistoryRequest())
    later.close()
    assert isinstance(history, History)
    assert [turn.prompt for turn in history.turns] == [PROMPT]


def test_a_stream_can_be_left_and_does_not_hold_up_the_end(client: InProcessClient) -> None:
    left = client.events(EventsRequest())
    left.close()
    assert list(left) == []
    waiting = client.events(EventsRequest())
    got: list[object] = []
    reader = threading.Thread(target=lambda: got.extend(waiting))
    reader.start()
    time.sleep(0.2)
    started = time.monotonic()
    client.close()
    reader.join(10)
    assert not reader.is_alive()
    assert time.monotonic() - started < 20


def test_a_file_that_is_no_notebook_is_a_sentence(
    folder: Path, opener: Callable[[], AbstractAsyncContextManager[Manager]]
) -> None:
    (folder / "nb.ipynb").write_text("{")
    client = InProcessClient(folder / "nb.ipynb", open_host=opener)
    with pytest.raises(EnvelopeCorruptError, match=r"nb\.ipynb cannot be read"):
        client.call("status", Simple())
    client.close()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Jupyter's configuration as a person without a server has it."""
    config = tmp_path / "config"
    config.mkdir()
    settings = {"provider": "process", "allow_unsandboxed": True, "scripted_model": "demo"}
    settings["data_dir"] = str(tmp_path / "data")
    (config / "jupyter_agent_host_config.json").write_text(json.dumps({"AgentHost": settings}))
    ours = {"JUPYTER_CONFIG_DIR": str(config), "IPYTHONDIR": str(tmp_path / "ipython")}
    ours |= {"JUPYTER_DATA_DIR": str(tmp_path / "jupyter"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    return {**{name: value for name, value in os.environ.items() if not name.startswith("JPY_")}, **ours}


def test_a_notebook_runs_without_any_server(environ: dict[str, str], folder: Path) -> None:
    cells = ["%load_ext jupyter_agent_host", f"%%agent -o r\n{PROMPT}", "print(r.status, len(r.files_changed))"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    runner = NotebookClient(
        notebook, timeout=90, kernel_name=NATIVE_KERNEL_NAME, resources={"metadata": {"path": str(folder)}}
    )
    runner.execute(env=environ)
    assert "2024-02" in notebook.cells[1].outputs[0].data["text/markdown"]
    assert "not isolated" in notebook.cells[1].outputs[0].data["text/plain"]
    assert notebook.cells[2].outputs[0].text == "completed 1\n"


def test_plain_ipython_and_the_key_leaves_its_environment(environ: dict[str, str], folder: Path) -> None:
    script = (
        "from IPython.core.interactiveshell import InteractiveShell as S\n"
        "from traitlets.config import Config\n"
        "s = S.instance(config=Config(HistoryManager={'enabled': False}))\n"
        "s.run_cell('%load_ext jupyter_agent_host')\n"
        "s.run_cell('%agent doctor')\n"
        "s.run_cell('import os; print([n for n in os.environ if \"ANTHROPIC\" in n])')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={**environ, "ANTHROPIC_API_KEY": "sk-made-up"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    assert "hosted in    this process" in ran.stdout
    assert ran.stdout.rstrip().endswith("[]")
    assert "sk-made-up" not in ran.stdout + ran.stderr
