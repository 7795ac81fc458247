"""Taking everything of ours out of a notebook, before it is shared."""

from __future__ import annotations

from typing import Any

METADATA_KEY = "agent_host"
TURN_MIME = "application/vnd.jupyter-agent-host.turn.v1+json"


def strip(notebook_json: dict[str, Any]) -> bool:
    """Remove the saved session, our cell metadata and the rich form of our outputs; their plain text stays.

    Args:
        notebook_json: an nbformat 4 notebook as a dict; changed in place.

    Returns:
        Whether anything was removed.
    """
    removed = _pop(notebook_json.get("metadata"), METADATA_KEY)
    cells = notebook_json.get("cells")
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, dict):
            removed = _strip_cell(cell) or removed
    return removed


def _strip_cell(cell: dict[str, Any]) -> bool:
    removed = _pop(cell.get("metadata"), METADATA_KEY)
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        if isinstance(output, dict):
            removed = _pop(output.get("data"), TURN_MIME) or removed
            removed = _pop(output.get("metadata"), TURN_MIME) or removed
            removed = _pop(output.get("metadata"), METADATA_KEY) or removed
    return removed


def _pop(container: object, name: str) -> bool:
    if isinstance(container, dict) and name in container:
        del container[name]
        return True
    return False
