"""Tools that the host carries out for the agent: what they are called with, and what comes back.

The runner shows them to the SDK as one MCP server named `SERVER`; the model calls `mcp__notebook__<name>`.
"""

from __future__ import annotations

from typing import Any, Union

import msgspec

from jupyter_agent_host.protocol.events import Json
from jupyter_agent_host.protocol.limits import MAX_TOOL_ANSWER_BYTES

SERVER = "notebook"
"""The MCP server's name, and so a part of each tool's full name."""

PREFIX = f"mcp__{SERVER}__"
"""What stands before a tool's name in the model's calls and in `ToolCall.name`."""


class ToolDefinition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tool as the model sees it. `input_schema` is a JSON Schema of an object, without `$ref`.

    `read_only` is a hint: calls of such tools may run side by side.
    """

    name: str
    description: str
    input_schema: dict[str, Any]
    read_only: bool = False


class ToolText(msgspec.Struct, frozen=True, tag="text", tag_field="type", forbid_unknown_fields=True):
    """Text for the model."""

    text: str


class ToolImage(msgspec.Struct, frozen=True, tag="image", tag_field="type", forbid_unknown_fields=True):
    """An image for the model: `data` is base64, `media_type` one that the Messages API takes."""

    media_type: str
    data: str


ToolContent = Union[ToolText, ToolImage]


def argument_bytes(arguments: Json) -> int:
    """Size of a call's arguments as JSON."""
    return len(msgspec.json.encode(arguments))


def content_bytes(content: tuple[ToolContent, ...]) -> int:
    """Size of an answer's text and images together."""
    return sum(_size(block) for block in content)


def bounded(content: tuple[ToolContent, ...]) -> tuple[ToolContent, ...]:
    """The content, cut where it would no longer fit into an answer; what was left out is said."""
    room = MAX_TOOL_ANSWER_BYTES
    kept: list[ToolContent] = []
    for block in content:
        size = _size(block)
        if size > room:
            kept.append(ToolText("[The rest was left out: it is too large.]"))
            break
        room -= size
        kept.append(block)
    return tuple(kept)


def _size(block: ToolContent) -> int:
    return len(block.text.encode("utf-8", "replace")) if isinstance(block, ToolText) else len(block.data)
