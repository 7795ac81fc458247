"""AgentWidget in a kernel without a page: the real host in that process, and what a notebook keeps of it."""

from __future__ import annotations

import json
import os
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME
from nbclient import NotebookClient

VIEW = "application/vnd.jupyter.widget-view+json"
SCRIPT: dict[str, Any] = {
    "name": "widget",
    "rules": [
        {"when": {"prompt": "at length"}, "say": "{words:1000}"},
        {"when": {"prompt": "slowly"}, "delta_delay_seconds": 0.2, "say": "{words:300}"},
        {
            "when": {"prompt": "make a file"},
            "steps": [
                {"tools": [{"name": "Write", "input": {"file_path": "{cwd}/made.txt", "content": "made\n"}}]},
                {"say": "Then: {last_tool_result}"},
            ],
        },
    ],
    "otherwise": {"say": "Hello, **you**."},
}
CELLS = [
    """\
from jupyter_agent_host import AgentWidget
w, seen = AgentWidget(), []
w.observe(seen.append, "state")
w""",
    """\
w.ask("hello")
r = w.wait(60)
print(r.status, r.text, w.state, w.pending, w.cost_usd > 0, len(w.events) > 2)""",
    """\
import time
w.ask("count slowly")
while not any(type(record.event).__name__ == "TextDelta" for record in w.events[-3:]):
    time.sleep(0.05)
print(w.state, w.interrupt(), w.wait(60).status, {change["new"] for change in seen} >= {"working", "idle"})""",
    """\
for n in range(6):
    w.ask(f"tell {n} at length")
print(len(w.wait(90).text) > 5_000)""",
    """\
%agent mode default
w.ask("make a file")
print(w.wait(60).status)""",
    """\
second = AgentWidget()
print(second.wait(60).turn_id == w.wait().turn_id, second._past == w._past, second._header == w._header)
%agent widget""",
]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The notebook after all its cells, none of which may fail, and two that must."""
    folder = tmp_path_factory.mktemp("widget")
    config, work = folder / "config", folder / "work"
    config.mkdir()
    work.mkdir()
    (folder / "script.json").write_text(json.dumps(SCRIPT))
    settings = {"provider": "process", "allow_unsandboxed": True, "scripted_model": str(folder / "script.json")}
    settings["data_dir"] = str(folder / "data")
    (config / "jupyter_agent_host_config.json").write_text(json.dumps({"AgentHost": settings}))
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("ANTHROPIC_", "JPY_"))}
    ours = {"JUPYTER_CONFIG_DIR": str(config), "IPYTHONDIR": str(folder / "ipython")}
    ours |= {"JUPYTER_DATA_DIR": str(folder / "jupyter"), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    wrong = ["w.answer('allow')", "w.ask('  ')"]
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    cells += [nbformat.v4.new_code_cell(cell, metadata={"tags": ["raises-exception"]}) for cell in wrong]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(
        notebook, timeout=120, kernel_name=NATIVE_KERNEL_NAME, resources={"metadata": {"path": str(work)}}
    )
    client.execute(env={**kept, **ours})
    notebook.metadata["made"] = (work / "made.txt").exists()
    return notebook


def printed(ran: nbformat.NotebookNode, cell: int) -> str:
    return "".join(output.text for output in ran.cells[cell].outputs if output.output_type == "stream")


def test_a_session_is_driven_from_python(ran: nbformat.NotebookNode) -> None:
    assert printed(ran, 1) == "completed Hello, **you**. idle () True True\n"
    assert printed(ran, 2) == "working True interrupted True\n"
    assert printed(ran, 3) == "True\n"
    assert printed(ran, 5) == "True True True\n"


def test_nobody_is_asked_in_vain(ran: nbformat.NotebookNode) -> None:
    assert printed(ran, 4) == "completed\n"
    assert not ran.metadata["made"]


def test_errors_are_sentences(ran: nbformat.NotebookNode) -> None:
    assert ran.cells[6].outputs[0].traceback == ["No question waits for an answer."]
    assert ran.cells[7].outputs[0].traceback == ["The prompt is empty."]


def test_a_saved_notebook_stays_small_and_reads_without_widgets(ran: nbformat.NotebookNode) -> None:
    state = ran.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert 1 <= len([model for model in state.values() if "_past" in model["state"]]) <= 3
    assert len(json.dumps(state)) < 3 * 250_000
    first, last = ran.cells[0].outputs[0].data, ran.cells[5].outputs[-1].data
    assert VIEW in first
    assert VIEW in last
    assert "Run this cell in Jupyter to go on with it." in first["text/plain"]
    assert "make a file" in last["text/markdown"]
    assert "Denied by headless" in last["text/markdown"]
    assert len(json.dumps(last)) < 50_000
