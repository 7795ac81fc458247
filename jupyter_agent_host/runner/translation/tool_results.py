"""A tool's answer, small enough for an event."""

from __future__ import annotations

from typing import Any

from claude_agent_sdk import ToolResultBlock

from jupyter_agent_host.protocol.events import ToolResult
from jupyter_agent_host.protocol.limits import MAX_EVENT_TEXT_BYTES, MIB

_IMAGE_FILE = "[Image: source: "
"""So the CLI tells the model where it put a copy of an MCP tool's image; people see the image itself."""

_MAX_IMAGES_BYTES = 4 * MIB


def tool_result(block: ToolResultBlock, duration_ms: int) -> ToolResult:
    """Text capped at 64 KiB (`size_bytes` tells the whole size), images at 4 MiB together; the transcript has all."""
    text = _text(block.content)
    data = text.encode("utf-8", "replace")
    return ToolResult(
        tool_use_id=block.tool_use_id,
        text=data[:MAX_EVENT_TEXT_BYTES].decode("utf-8", "ignore"),
        is_error=bool(block.is_error),
        size_bytes=len(data),
        duration_ms=duration_ms,
        images=tuple(_images(block.content)),
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [str(part["text"]) for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return "\n".join(text for text in texts if not text.startswith(_IMAGE_FILE))


def _images(content: Any) -> list[dict[str, str]]:
    images: list[dict[str, str]] = []
    room = _MAX_IMAGES_BYTES
    for part in content if isinstance(content, list) else []:
        source = part.get("source") if isinstance(part, dict) and part.get("type") == "image" else None
        if not isinstance(source, dict) or source.get("type") != "base64":
            continue
        data, media_type = source.get("data"), source.get("media_type")
        if isinstance(data, str) and isinstance(media_type, str) and len(data) <= room:
            room -= len(data)
            images.append({"media_type": media_type, "data": data})
    return images
