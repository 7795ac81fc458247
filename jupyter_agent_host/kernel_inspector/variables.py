"""The person's variables: a bounded list of them, or one of them more closely."""

from __future__ import annotations

import fnmatch
import time
import types
from typing import Any

from . import arrays_and_tables, labelled_data
from .static_attributes import by_name, names_of, plain, type_name
from .value_preview import attributes, length, preview, shallow_bytes

_MOST = 200
_LIST_SECONDS = 0.6
_PREVIEW = 120
_IPYTHON = frozenset(("In", "Out", "exit", "quit", "get_ipython", "open"))


def names(namespace: dict[Any, Any], hidden: dict[Any, Any]) -> tuple[dict[str, Any], int]:
    """The namespace under exact strings, without what IPython put there; and how many names were none."""
    items = list(dict.items(namespace))
    own = by_name(items)
    ipython = by_name(list(dict.items(hidden)))
    shown = {
        name: value
        for name, value in own.items()
        if not name.startswith("_") and name not in _IPYTHON and not (name in ipython and ipython[name] is value)
    }
    return shown, len(items) - len(own)


def list_variables(
    namespace: dict[Any, Any], hidden: dict[Any, Any], pattern: str = "", *, modules: bool = False
) -> dict[str, Any]:
    """Names, types, sizes and a few words of each; past the time or the number, names and types alone."""
    shown, odd = names(namespace, hidden)
    wanted = sorted(
        name
        for name, value in shown.items()
        if (modules or not issubclass(type(value), types.ModuleType))
        and (not pattern or fnmatch.fnmatchcase(name, pattern))
    )
    until = time.monotonic() + _LIST_SECONDS
    rows = [_row(name, shown[name], closely=time.monotonic() < until) for name in wanted[:_MOST]]
    return {"variables": rows, "count": len(wanted), "not_strings": odd}


def _row(name: str, value: object, *, closely: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"name": plain(name), "type": type_name(value)}
    if not closely:
        return row
    found = _facts(value)
    for key in ("shape", "dtype", "nbytes", "note", "value"):
        if found.get(key) is not None:
            row[key] = found[key]
    if "columns" in found:
        row["columns"] = len(found["columns"]) if "shape" not in found else found["shape"][1]
    if not found:
        row["value"] = preview(value, _PREVIEW)
        size = length(value)
        if size is not None:
            row["length"] = size
    if not found or "value" in found:  # of what is known, that would be the shell alone
        row.setdefault("nbytes", shallow_bytes(value))
    return row


def describe_variable(value: object, name: str) -> dict[str, Any]:
    """Everything that can be told of one value without running its code."""
    found = _facts(value)
    told: dict[str, Any] = {"name": plain(name, 500), "type": ".".join(filter(None, names_of(type(value))))}
    told.update(found)
    if not found:
        told["value"] = preview(value, 2000, 4)
        size = length(value)
        if size is not None:
            told["length"] = size
        own = attributes(value)
        if own:
            told["attributes"] = dict(own)
        told["nbytes"] = shallow_bytes(value)
    return told


def _facts(value: object) -> dict[str, Any]:
    try:
        return arrays_and_tables.facts(value) or labelled_data.facts(value) or {}
    except Exception as err:  # noqa: BLE001 - a library's own accessor failed; the type still can be told
        return {"note": f"could not be read ({names_of(type(err))[1]})"}
