"""The API's check of thinking blocks that come back: each is bound to its model and to everything before it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_agent_host.scripted_model.script import Failure

BETA = "thinking-binding-controls-2026-08-01"
_BEHAVIORS: dict[Any, Literal["error", "drop"]] = {"error": "error", "drop_block": "drop"}


@dataclass(frozen=True)
class DroppedThinking:
    """A block that the model does not see, and why."""

    path: str
    reason: Literal["prefix_binding_mismatch", "model_binding_mismatch"]


def signature(body: dict[str, Any]) -> str:
    """For the thinking in the answer to this request."""
    messages = body.get("messages") or []
    return _sign(str(body.get("model")), _digest(body, len(messages)))


def check_controls(body: dict[str, Any], betas: str) -> Failure | None:
    """The field that chooses the outcome is known only with its beta."""
    thinking = body.get("thinking") or {}
    if "block_binding" not in thinking:
        return None
    behavior = (thinking["block_binding"] or {}).get("prefix_mismatch_behavior")
    if BETA in betas and behavior in _BEHAVIORS:
        return None
    message = f"thinking.{thinking.get('type')}.block_binding: Extra inputs are not permitted"
    return Failure(status=400, type="invalid_request_error", message=message)


def check_thinking(
    body: dict[str, Any], default: Literal["off", "error", "drop"]
) -> tuple[list[DroppedThinking], Failure | None]:
    """What is dropped from this request, and the error if it is refused instead."""
    binding = (body.get("thinking") or {}).get("block_binding") or {}
    outcome = _BEHAVIORS.get(binding.get("prefix_mismatch_behavior"), default)
    if outcome == "off":
        return [], None
    dropped = list(_mismatches(body))
    changed = [found for found in dropped if found.reason == "prefix_binding_mismatch"]
    if outcome == "error" and changed:
        message = (
            f"{changed[0].path}: `thinking` or `redacted_thinking` blocks cannot be modified or sent after a different "
            "prefix. The system prompt, the tools and all earlier messages must remain as they were when the block "
            "was produced."
        )
        return [], Failure(status=400, type="invalid_request_error", message=message)
    return dropped, None


def _mismatches(body: dict[str, Any]) -> Iterator[DroppedThinking]:
    model = str(body.get("model"))
    for index, message in enumerate(body.get("messages") or []):
        content = message.get("content")
        if message.get("role") != "assistant" or not isinstance(content, list):
            continue
        for place, block in enumerate(content):
            if not isinstance(block, dict) or block.get("type") != "thinking":
                continue
            path, signed = f"messages.{index}.content.{place}", str(block.get("signature"))
            if signed != _sign(model, _digest(body, index)):
                other_model = signed.partition(".")[0] != _sign(model, "").partition(".")[0]
                yield DroppedThinking(path, "model_binding_mismatch" if other_model else "prefix_binding_mismatch")


def _sign(model: str, digest: str) -> str:
    return f"{base64.b64encode(model.encode()).decode()}.{digest}"


def _digest(body: dict[str, Any], messages: int) -> str:
    """Of system, tools and that many messages. Marks of the prompt cache are no part of what the model reads."""
    prefix = [body.get("system"), body.get("tools"), [_plain(one) for one in (body.get("messages") or [])[:messages]]]
    return hashlib.sha256(json.dumps(_unmarked(prefix), sort_keys=True).encode()).hexdigest()


def _plain(message: Any) -> Any:
    if isinstance(message, dict) and isinstance(message.get("content"), str):
        return {**message, "content": [{"type": "text", "text": message["content"]}]}
    return message


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unmarked(part) for name, part in value.items() if name != "cache_control"}
    return [_unmarked(part) for part in value] if isinstance(value, list) else value
