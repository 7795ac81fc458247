"""Cells in words for the model, and the mark in their metadata that says the agent wrote or ran them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from jupyter_agent_host.host.notebook.cells import Cell, Snapshot
from jupyter_agent_host.host.tools.tool import ToolContext
from jupyter_agent_host.store.envelope.strip_notebook import METADATA_KEY

_HEAD = 80


def heading(snapshot: Snapshot) -> str:
    """What and where the notebook is."""
    kernel = snapshot.metadata.get("kernelspec")
    name = kernel.get("name") if isinstance(kernel, dict) else None
    where = {"room": "shared live document", "page": "open in a page", "file": "file, open nowhere"}[snapshot.source]
    unsaved = ", unsaved changes" if snapshot.unsaved else ""
    return f"{len(snapshot.cells)} cells, kernel {str(name or 'unknown')[:60]}, {where}{unsaved}"


def line(cell: Cell) -> str:
    """A cell in one line: its facts and the first line of its source."""
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "(empty)")
    more = f" (+{lines - 1} lines)" if (lines := cell.source.count("\n") + 1) > 1 else ""
    return f"{facts(cell)} | {first[:_HEAD]}{more}"


def facts(cell: Cell) -> str:
    """A cell without its source: what an edit must name, and what state it is in."""
    words = [cell.id, f"rev {cell.revision}", cell.type]
    if cell.type == "code":
        words.append(f"[{cell.execution_count if cell.execution_count is not None else ' '}]")
    words += ["running"] if cell.running else []
    words += ["the person is typing here"] if cell.typing else []
    if cell.tags:
        words.append(f"tags {','.join(tag[:40] for tag in cell.tags[:10])}")
    if cell.output_kinds:
        words.append(f"outputs {','.join(cell.output_kinds[:6])}")
    return " ".join(words)


def revision_now(after: Snapshot, cell_id: str) -> str:
    """A cell that was just edited, with the revision that the next edit names."""
    cell = after.cell(cell_id)
    return f"{cell_id} rev {cell.revision} {cell.type}" if cell is not None else f"{cell_id} (gone again)"


def provenance(context: ToolContext, how: str) -> dict[str, Any]:
    """Cell metadata that says: inserted, edited, moved or ran in this turn, by this model, at this time (UTC)."""
    agent, turn = context.agent, context.agent.active
    mark = {
        "turn_id": context.turn_id,
        "session_id": agent.serving_session,
        "model": (turn.options.model if turn is not None else "") or agent.default_model,
        "time": datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds"),
        "how": how,
    }
    return {METADATA_KEY: mark}
