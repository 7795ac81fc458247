"""A cell's outputs in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
