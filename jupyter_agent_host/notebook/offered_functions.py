"""`&name` in a prompt: functions of the person's that the agent may call during the turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_agent_host.protocol.host_api import OfferedFunction

_MENTION = re.compile(r"(?<![\w&])&([A-Za-z_][A-Za-z0-9_]*)(?![\w;])", re.ASCII)
_MOST = 16


def offered_functions(
    prompt: str, names: Mapping[str, Any], look: Callable[[dict[str, Any]], dict[str, Any]]
) -> tuple[OfferedFunction, ...]:
    """What `&name` names in the prompt, each once; what cannot be called by keyword stays text."""
    found: dict[str, OfferedFunction] = {}
    for match in _MENTION.finditer(prompt):
        name = match.group(1)
        if name in found or name not in names or len(found) >= _MOST:
            continue
        told = look({"op": "function", "name": name})
        if told.get("callable"):
            found[name] = OfferedFunction(
                name=name, signature=told["signature"], doc=told["doc"][:4000], input_schema=told["schema"]
            )
    return tuple(found.values())
