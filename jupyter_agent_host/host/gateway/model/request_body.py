"""Reading a request's JSON so that nobody after us can read it differently."""

from __future__ import annotations

import json
from typing import Any

from jupyter_agent_host.host.gateway.gateway_refusal import malformed


def parse_body(data: bytes, *, max_depth: int) -> dict[str, Any]:
    """A JSON object, strictly: UTF-8, no duplicate keys, finite numbers, bounded depth.

    Takes about 10 ms a megabyte: call it in a thread for large ones.

    Raises:
        Refusal: it is no such object.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as err:
        raise malformed(f"The request's JSON is nested deeper than {max_depth} levels.") from err
    except ValueError as err:
        raise malformed(f"The request's body is not acceptable JSON: {_reason(err)}.") from err
    if not isinstance(value, dict):
        raise malformed("The request's body is not a JSON object.")
    if _deeper(value, max_depth):
        raise malformed(f"The request's JSON is nested deeper than {max_depth} levels.")
    return value


def _deeper(value: Any, max_depth: int) -> bool:
    level = [value]
    for _ in range(max_depth):
        inner = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
        level = [child for child in inner if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


class _NotStrictError(ValueError):
    """Valid for a lenient reader only."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _NotStrictError("an object has the same key twice")
    return result


def _no_constant(name: str) -> Any:
    raise _NotStrictError(f"{name} is no number")


def _reason(err: ValueError) -> str:
    """Our own words, or none: a parser's message may quote the body."""
    return str(err) if isinstance(err, _NotStrictError) else "it does not parse"
