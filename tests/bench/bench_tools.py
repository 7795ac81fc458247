"""What the notebook's tools cost: a call from the CLI to the host and back, an overview and an edit of 2 000 cells.

Run `python tests/bench/bench_tools.py`. The CLI, the runner and the host are real; only the model's words are scripted.
A turn of many calls less a turn of none, divided by the calls, is the cost of one call with its model request: the
share of the host's own work in it is told apart. The kernel's own tools have a bench of their own.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import nbformat
from nbformat.v4 import new_code_cell, new_notebook

ROUNDS = 5
CALLS = 20
CELLS = 2_000
sys.path[:0] = [str(Path(__file__).parents[1] / part) for part in ("host", "server")]

from jupyter_agent_host.host.api.manager import Manager  # noqa: E402
from jupyter_agent_host.host.api.notebook_ref import NotebookRef  # noqa: E402
from jupyter_agent_host.host.assembly import open_host  # noqa: E402 - the rigs' folders first
from jupyter_agent_host.host.notebook.cells import CellEdit, Snapshot  # noqa: E402
from jupyter_agent_host.host.notebook.checked_cell_edits import apply_edits  # noqa: E402
from jupyter_agent_host.host.notebook.notebook_access import NoNotebooks  # noqa: E402
from jupyter_agent_host.host.settings import Credential, GatewaySettings, HostSettings, ReviewSettings  # noqa: E402
from jupyter_agent_host.protocol.events import ToolResult, TurnEnded  # noqa: E402
from jupyter_agent_host.protocol.host_api import EventsRequest, PromptAccepted, PromptRequest  # noqa: E402
from jupyter_agent_host.scripted_model import ScriptedModel  # noqa: E402
from jupyter_agent_host.server.notebooks.cell_conversion import cell_of, raw_cell  # noqa: E402

CALL = {"tools": [{"name": "mcp__notebook__overview", "input": {"limit": 1}}]}
EDIT = {"tools": [{"name": "mcp__notebook__insert_cells", "input": {"after": "", "cells": [{"source": "made = 1"}]}}]}
WHOLE = {"tools": [{"name": "mcp__notebook__overview", "input": {"limit": 500}}]}
SCRIPT = {
    "rules": [
        {"when": {"prompt": "many"}, "steps": [*[CALL] * CALLS, {"say": "done"}]},
        {"when": {"prompt": "overview"}, "steps": [WHOLE, {"say": "done"}]},
        {"when": {"prompt": "edit"}, "steps": [*[EDIT] * CALLS, {"say": "done"}]},
    ],
    "otherwise": {"say": "done"},
}


class _File:
    """A notebook in memory, so that the figure is the tool's and not the disk's."""

    def __init__(self, path: Path) -> None:
        self._notebook = nbformat.read(path, as_version=4)
        self.seconds: list[float] = []
        self.edits = 0

    async def read(self, outputs_of: Any = ()) -> Snapshot:
        began = time.perf_counter()
        cells = tuple(cell_of(raw, outputs_of) for raw in self._notebook["cells"])
        self.seconds.append(time.perf_counter() - began)
        return Snapshot(cells, {}, "page")

    async def edit(self, edits: Sequence[CellEdit], **_seen: Any) -> Snapshot:
        """As a page does: it answers with all cells, which costs what a read costs."""
        before = await self.read()
        self.edits += 1
        after = apply_edits(before.cells, edits)
        raw = {cell["id"]: cell for cell in self._notebook["cells"]}
        self._notebook["cells"] = [
            raw.get(cell.id) or raw_cell(cell.id, cell.type, cell.source, cell.metadata) for cell in after
        ]
        return Snapshot(tuple(after), {}, "page")


class _Access(NoNotebooks):
    available = True

    def __init__(self, path: Path) -> None:
        self.file = _File(path)

    def document(self, path: str) -> _File:
        return self.file


async def turn(manager: Manager, path: Path, prompt: str) -> tuple[float, list[int]]:
    """Seconds of one turn, and the milliseconds that the CLI says each call took."""
    began = time.perf_counter()
    accepted = await manager.call(NotebookRef(path=str(path)), "prompt", PromptRequest(prompt=prompt))
    assert isinstance(accepted, PromptAccepted)
    took = []
    async for record in manager.events(
        accepted.notebook_id, EventsRequest(after=accepted.after, turn_id=accepted.turn_id)
    ):
        if isinstance(record.event, ToolResult):
            took.append(record.event.duration_ms)
        if isinstance(record.event, TurnEnded):
            assert record.event.status == "completed", record.event
    return time.perf_counter() - began, took


async def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="bench-tools-") as name:
        folder = Path(name)
        path = folder / "long.ipynb"
        cells = [new_code_cell(f"value_{index} = {index}\nprint(value_{index})") for index in range(CELLS)]
        nbformat.write(new_notebook(cells=cells), path)
        access = _Access(path)
        async with ScriptedModel(SCRIPT) as model:
            upstream = GatewaySettings(base_url=model.url, credential=Credential("api_key", "sk"), label="scripted")
            settings = HostSettings(
                data_dir=folder / "data",
                provider="process",
                allow_unsandboxed=True,
                gateway=upstream,
                review=ReviewSettings(notebook_mode="auto"),
            )
            async with open_host(settings, notebooks=access) as manager:  # type: ignore[arg-type]
                await turn(manager, path, "warm up")
                none = [(await turn(manager, path, "none"))[0] for _ in range(ROUNDS)]
                many = [await turn(manager, path, "many") for _ in range(ROUNDS)]
                access.file.seconds.clear()
                edited = [(await turn(manager, path, "edit"))[1] for _ in range(ROUNDS)]
                passes = len(access.file.seconds) / access.file.edits
                whole = [(await turn(manager, path, "overview"))[1][0] for _ in range(ROUNDS)]
    each = [(seconds - statistics.median(none)) / CALLS * 1000 for seconds, _ in many]
    inside = statistics.median(ms for _, took in many for ms in took)
    print(f"one call and the model's next request: {statistics.median(each):.1f} ms")
    print(f"  of it the call, as the CLI measures it (CLI, runner, host and back): {inside:.0f} ms")
    print(f"  of it reading {CELLS} cells on the host: {statistics.median(access.file.seconds) * 1000:.1f} ms")
    each_edit = statistics.median(ms for took in edited for ms in took)
    print(f"an edit of one among {CELLS} cells, as the CLI measures it: {each_edit:.0f} ms")
    print(f"  passes over all cells for one edit, the edit's own included: {passes:.1f}")
    print(f"overview of {CELLS} cells, a page of 500, as the CLI measures it: {statistics.median(whole):.0f} ms")


if __name__ == "__main__":
    anyio.run(main)
