"""One reply as a message of the Messages API: its blocks, its usage, and the same as server-sent events."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from jupyter_agent_host.scripted_model.conversation import Conversation
from jupyter_agent_host.scripted_model.script import Reply
from jupyter_agent_host.scripted_model.template import fill, fill_input

_CHARACTERS_PER_TOKEN = 4
_JSON_DELTA_CHARACTERS = 24


@dataclass(frozen=True)
class Message:
    """A finished assistant message. `delta_words` is how many words go into one text delta."""

    model: str
    blocks: tuple[dict[str, Any], ...]
    usage: dict[str, int]
    stop_reason: str
    delta_words: int = 1
    message_id: str = field(default_factory=lambda: f"msg_{uuid4().hex}")

    def to_json(self) -> dict[str, Any]:
        """The whole message, as a request without `stream` gets it."""
        return {**_head(self), "content": list(self.blocks), "stop_reason": self.stop_reason, "usage": self.usage}


def make_message(reply: Reply, conversation: Conversation, groups: tuple[str, ...], request_bytes: int) -> Message:
    """Fill the reply's templates and count its tokens."""
    blocks = tuple(_blocks(reply, conversation, groups))
    output = reply.usage.output_tokens
    usage = {
        "input_tokens": _tokens(request_bytes) if reply.usage.input_tokens is None else reply.usage.input_tokens,
        "cache_creation_input_tokens": reply.usage.cache_creation_input_tokens,
        "cache_read_input_tokens": reply.usage.cache_read_input_tokens,
        "output_tokens": _tokens(len(json.dumps(blocks))) if output is None else output,
    }
    stop_reason = reply.stop_reason or ("tool_use" if reply.tools else "end_turn")
    return Message(
        model=conversation.model, blocks=blocks, usage=usage, stop_reason=stop_reason, delta_words=reply.delta_words
    )


def estimate_tokens(request_bytes: int) -> int:
    """The answer to `count_tokens`: four bytes a token."""
    return _tokens(request_bytes)


def events(message: Message) -> Iterator[tuple[bool, bytes]]:
    """The message as server-sent events; True marks a delta."""
    start = {**_head(message), "content": [], "stop_reason": None, "usage": {**message.usage, "output_tokens": 1}}
    yield False, _event("message_start", message=start)
    yield False, _event("ping")
    for index, block in enumerate(message.blocks):
        empty, deltas = _deltas(block, message.delta_words)
        yield False, _event("content_block_start", index=index, content_block=empty)
        for delta in deltas:
            yield True, _event("content_block_delta", index=index, delta=delta)
        yield False, _event("content_block_stop", index=index)
    delta = {"stop_reason": message.stop_reason, "stop_sequence": None}
    yield False, _event("message_delta", delta=delta, usage=message.usage)
    yield False, _event("message_stop")


def _head(message: Message) -> dict[str, Any]:
    return {
        "id": message.message_id,
        "type": "message",
        "role": "assistant",
        "model": message.model,
        "stop_sequence": None,
    }


def _blocks(reply: Reply, conversation: Conversation, groups: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if reply.think is not None:
        yield {"type": "thinking", "thinking": fill(reply.think, conversation, groups), "signature": "c2NyaXB0ZWQ="}
    says = [reply.say] if isinstance(reply.say, str) else reply.say or []
    for say in says:
        yield {"type": "text", "text": fill(say, conversation, groups)}
    for tool in reply.tools:
        filled = fill_input(tool.input, conversation, groups)
        yield {"type": "tool_use", "id": f"toolu_{uuid4().hex}", "name": tool.name, "input": filled}


def _deltas(block: dict[str, Any], delta_words: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The empty block that opens a content block, and the deltas that fill it."""
    if block["type"] == "text":
        pieces = _words(block["text"], delta_words)
        return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]
    if block["type"] == "thinking":
        pieces = _words(block["thinking"], delta_words)
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas
    text = json.dumps(block["input"])
    pieces = [text[at : at + _JSON_DELTA_CHARACTERS] for at in range(0, len(text), _JSON_DELTA_CHARACTERS)]
    return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


def _words(text: str, delta_words: int) -> list[str]:
    words = re.findall(r"\S+\s*|\s+", text)
    return ["".join(words[at : at + delta_words]) for at in range(0, len(words), delta_words)]


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def _tokens(size: int) -> int:
    return math.ceil(size / _CHARACTERS_PER_TOKEN)
