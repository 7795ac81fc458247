"""Between nbformat's dictionaries and cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from jupyter_agent_host.errors import NotebookUnavailableError
from jupyter_agent_host.host.notebook.cells import Cell

_NO_IDS = (
    "The notebook is of an older format (below 4.5), whose cells have no ids, so they cannot be named safely. Opened in"
    " JupyterLab it can be worked with; or convert it with nbformat."
)


def text_of(source: Any) -> str:
    """A multi-line string of nbformat: one string, or a list of lines."""
    return "".join(map(str, source)) if isinstance(source, (list, tuple)) else str(source or "")


def cell_of(raw: Mapping[str, Any], outputs_of: Collection[str] = (), *, typing: bool = False) -> Cell:
    """A cell of the file format.

    Raises:
        NotebookUnavailableError: it has no id.
    """
    cell_id = raw.get("id")
    if not isinstance(cell_id, str) or not cell_id:
        raise NotebookUnavailableError(_NO_IDS)
    outputs = raw.get("outputs") or ()
    count = raw.get("execution_count")
    kind = raw.get("cell_type")
    return Cell(
        id=cell_id,
        type=kind if kind in ("code", "markdown") else "raw",
        source=text_of(raw.get("source")),
        metadata=dict(raw.get("metadata") or {}),
        execution_count=int(count) if isinstance(count, (int, float)) else None,
        outputs=tuple(outputs) if cell_id in outputs_of else (),
        attachments=dict(raw.get("attachments") or {}) if cell_id in outputs_of else {},
        output_kinds=kinds_of(outputs),
        typing=typing,
        running=raw.get("execution_state") in ("running", "queued"),
    )


def raw_cell(
    cell_id: str, kind: str, source: str, metadata: Mapping[str, Any], attachments: Mapping[str, Any]
) -> dict[str, Any]:
    """A new cell in the file format. Code has no attachments there."""
    raw: dict[str, Any] = {"id": cell_id, "cell_type": kind, "source": source, "metadata": dict(metadata)}
    if kind == "code":
        raw.update(execution_count=None, outputs=[])
    elif attachments:
        raw["attachments"] = {name: dict(bundle) for name, bundle in attachments.items()}
    return raw


_RICH = ("image/png", "image/jpeg", "image/gif", "image/svg+xml", "text/html", "text/markdown", "text/latex")


def kinds_of(outputs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What kinds there are, each once, in order: `stream`, `error`, or the richest type of a display."""
    return tuple(dict.fromkeys(_kind(output) for output in outputs))


def _kind(output: Mapping[str, Any]) -> str:
    kind = output.get("output_type")
    if kind in ("stream", "error"):
        return str(kind)
    data = output.get("data")
    types = list(data) if isinstance(data, Mapping) else []
    found = next((name for name in _RICH if name in types), None) or next(iter(types), "nothing")
    return str(found)[:80]
