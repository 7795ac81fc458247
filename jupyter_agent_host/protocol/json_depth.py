"""How deep a JSON value is nested: what reads it later must not run out of stack, wherever that is called from."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 100
"""Deeper than any tool's input or result; far from where Python's and msgspec's own limits begin."""


def is_deep(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Whether lists and objects are nested more than `limit` deep."""
    level = _containers([value])
    for _ in range(limit):
        if not level:
            return False
        level = [inner for outer in level for inner in _containers(_values(outer))]
    return bool(level)


def _values(outer: Any) -> Any:
    return outer.values() if isinstance(outer, dict) else outer


def _containers(values: Any) -> list[Any]:
    return [value for value in values if isinstance(value, (dict, list, tuple))]
