"""SIGINT to a server without a terminal, as JupyterHub sends it. A real server, in the midst of a turn."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from jupyter_server.serverapp import list_running_servers
from server_lab import LabMaker


def ended(pid: int) -> bool:
    """Whether that child ended within half a minute; it is left to its owner to be waited for."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            return True
        time.sleep(0.1)
    return False


def test_an_interrupted_server_stops_in_order(make_lab: LabMaker, tmp_path: Path) -> None:
    script = tmp_path / "slow.json"
    script.write_text(json.dumps({"name": "slow", "otherwise": {"say": "At last.", "delay_seconds": 60}}))
    traits = {"AgentHost": {"data_dir": str(tmp_path / "data"), "scripted_model": str(script)}}
    with make_lab(traits) as lab:
        lab.notebook("a.ipynb")
        notebook = f"agent-host/notebooks/{lab.open('a.ipynb')['notebookId']}"
        assert "turnId" in lab.http.post(f"{notebook}/prompt", json={"prompt": "Think it over"}).json()
        [pid] = [found["pid"] for found in list_running_servers() if found["url"] == lab.server.url]
        os.kill(pid, signal.SIGINT)
        assert ended(pid)
    with make_lab(traits, lab.root) as later:
        later.open("a.ipynb")
        events = [record["event"] for record in later.http.post(f"{notebook}/turns", json={}).json()["records"]]
        assert (events[-1]["kind"], events[-1]["status"]) == ("turn_ended", "interrupted")
