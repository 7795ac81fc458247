"""`list`, `logs` and `stop` find the agents of a running server; `prune` leaves the living alone."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_notebook
from run_command import Run

from jupyter_agent_host.cli.shared.own_server import own_server


def test_a_running_servers_agents_are_listed_and_stopped(
    command: Run, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    root = tmp_path / "root"
    root.mkdir()
    path = root / "a.ipynb"
    nbformat.write(new_notebook(), path)
    traits = {"provider": "process", "allow_unsandboxed": True, "scripted_model": "demo"}
    with own_server(root, config={"AgentHost": traits}) as server, server.client() as http:
        opened = http.post("agent-host/open", json={"path": "a.ipynb"}).json()
        prompt = {"prompt": "hello"}
        accepted = http.post(f"agent-host/notebooks/{opened['notebookId']}/prompt", json=prompt).json()
        request = {"after": accepted["after"], "turnId": accepted["turnId"]}
        with http.stream("POST", f"agent-host/notebooks/{opened['notebookId']}/events", json=request) as stream:
            assert "turn_ended" in list(stream.iter_lines())[-1]
        (row,) = json.loads(command("list", "--json").stdout)
        assert (row["path"], row["state"], row["turns"]) == ("a.ipynb", "idle", 1)
        shown = command("list").stdout
        assert str(path) in shown
        assert "not isolated" in shown
        assert "scripted model" in shown
        assert command("logs", str(path)).returncode == 0
        assert command("prune").stdout == "There is nothing to clear away.\n"
        assert command("stop", str(path)).stdout.startswith(f"{path}: The sandbox is gone")
        assert json.loads(command("list", "--json").stdout)[0]["state"] in ("none", "stopped")
