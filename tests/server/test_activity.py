"""What cullers see of an agent that works: JupyterHub's asks a server for its last activity alone."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

from server_lab import LabMaker


def test_an_agent_at_work_is_activity_though_nobody_calls(make_lab: LabMaker, tmp_path: Path) -> None:
    script = tmp_path / "slow.json"
    script.write_text(json.dumps({"name": "slow", "otherwise": {"say": "At last.", "delay_seconds": 60}}))
    with make_lab({"AgentHost": {"scripted_model": str(script)}}) as lab:
        lab.notebook("a.ipynb")
        notebook = f"agent-host/notebooks/{lab.open('a.ipynb')['notebookId']}"
        assert "turnId" in lab.http.post(f"{notebook}/prompt", json={"prompt": "Think it over"}).json()

        def last_activity() -> datetime:
            return datetime.fromisoformat(lab.http.get("api/status").json()["last_activity"])

        asked_at = last_activity()
        deadline = time.monotonic() + 30
        while last_activity() == asked_at and time.monotonic() < deadline:
            time.sleep(0.5)
        assert last_activity() > asked_at
        assert lab.http.post(f"{notebook}/interrupt", json={}).json()["ok"] is True
