"""What a request to the model may ask for.

The model's API is a way out of the sandbox too: it can fetch URLs, run server-side tools and talk to remote MCP
servers. So top-level fields, tool kinds and content blocks are allow-lists, and everything that makes the API reach
somewhere is refused unless the server's settings grant it by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from jupyter_agent_host.host.gateway.gateway_refusal import Refusal, malformed

ALLOWED_FIELDS = frozenset(
    {
        "context_management",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)
"""Top-level fields of a request that may pass."""

FEATURES = ("mcp_servers", "container", "server_tools", "url_sources", "file_sources")
"""Refused features that `GatewaySettings.allowed_features` can grant."""

CONTENT_BLOCKS = frozenset(
    {
        "compaction",
        "document",
        "image",
        "redacted_thinking",
        "search_result",
        "text",
        "thinking",
        "tool_addition",
        "tool_reference",
        "tool_removal",
        "tool_result",
        "tool_use",
    }
)
"""Kinds of content block that may pass. Others come from server-side tools, or from a newer API."""

_GRANTABLE_FIELDS = ("mcp_servers", "container")
_INLINE_SOURCES = ("base64", "text", "content")
_MAX_MODEL_CHARACTERS = 200
_MAX_TOKENS = 100_000_000


@dataclass(frozen=True)
class CheckedRequest:
    """What is known of a request that passed. `max_tokens`: of output; 0 where it has no bound."""

    model: str
    stream: bool
    max_tokens: int = 0


def check_request(
    body: dict[str, Any], *, allowed_models: Collection[str], allowed_features: Collection[str]
) -> CheckedRequest:
    """Check a parsed body.

    Raises:
        Refusal: with the rule's name and a sentence that says what to change.
    """
    _check_fields(body, allowed_features)
    model = _check_model(body.get("model"), allowed_models)
    for tool in _dicts(body.get("tools"), "tools"):
        _check_tool(tool, allowed_features)
    _check_content(body.get("system"), allowed_features)
    for message in _dicts(body.get("messages"), "messages"):
        _check_content(message.get("content"), allowed_features)
    return CheckedRequest(model, _check_stream(body.get("stream")), _check_max_tokens(body.get("max_tokens")))


def _check_fields(body: dict[str, Any], granted: Collection[str]) -> None:
    for field in body:
        if field in ALLOWED_FIELDS or (field in _GRANTABLE_FIELDS and field in granted):
            continue
        if field in _GRANTABLE_FIELDS:
            raise _feature(field)
        raise Refusal("field", f"The gateway does not let the request field {_shown(field)} pass.")


def _check_model(model: Any, allowed_models: Collection[str]) -> str:
    if not isinstance(model, str) or not 0 < len(model) <= _MAX_MODEL_CHARACTERS or not _plain(model):
        raise malformed("The request names no model.")
    if not any(fnmatchcase(model, pattern) for pattern in allowed_models):
        names = ", ".join(allowed_models) or "none"
        raise Refusal("model", f"The model {model} is not allowed here; allowed models: {names}.")
    return model


def _check_stream(stream: Any) -> bool:
    """Whether the answer is a stream. What others may take for a yes would be metered as a no."""
    if stream is not None and not isinstance(stream, bool):
        raise malformed("The request's stream is neither true nor false.")
    return stream is True


def _check_max_tokens(most: Any) -> int:
    if most is None:
        return 0
    if isinstance(most, bool) or not isinstance(most, (int, float)) or not 0 <= most <= _MAX_TOKENS:
        raise malformed("The request's max_tokens is no number of tokens.")
    return int(most)


def _check_tool(tool: dict[str, Any], granted: Collection[str]) -> None:
    if tool.get("type", "custom") not in ("custom", None) and "server_tools" not in granted:
        raise _feature("server_tools")


def _check_content(content: Any, granted: Collection[str]) -> None:
    if content is None or isinstance(content, str):
        return
    for block in _dicts(content, "content"):
        _check_block(block, granted)


def _check_block(block: dict[str, Any], granted: Collection[str]) -> None:
    """One content block, and the blocks and sources inside it.

    The input of a `tool_use` is opaque to the API, so it is to us: a tool may well have a parameter named `source`.
    """
    kind = block.get("type")
    if (not isinstance(kind, str) or kind not in CONTENT_BLOCKS) and "server_tools" not in granted:
        raise Refusal("content_block", f"The gateway does not let content of type {_shown(kind)} pass.")
    if kind == "tool_use":
        return
    source = block.get("source")
    if isinstance(source, dict):
        _check_source(source, granted)
    if "file_id" in block and "file_sources" not in granted:
        raise _feature("file_sources")
    if isinstance(tool := block.get("tool"), dict) and isinstance(definition := tool.get("definition"), dict):
        _check_tool(definition, granted)
    if kind != "compaction" or not isinstance(block.get("content"), str):
        _check_content(block.get("content"), granted)


def _check_source(source: dict[str, Any], granted: Collection[str]) -> None:
    kind = source.get("type")
    if kind not in _INLINE_SOURCES:
        feature = "file_sources" if kind == "file" else "url_sources"
        if feature not in granted:
            raise _feature(feature)
    if kind == "content":
        _check_content(source.get("content"), granted)


def _dicts(value: Any, name: str) -> Iterator[dict[str, Any]]:
    if value is None:
        return
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise malformed(f"The request's {name} is not a list of objects.")
    yield from value


_SENTENCES = {
    "mcp_servers": "Remote MCP servers (mcp_servers) are off: the model's API would call them with data of the sandbox",
    "container": "Server-side containers are off: they would take data of the sandbox elsewhere",
    "server_tools": "Server-side tools are off: the model's API would fetch from the network on the sandbox's behalf",
    "url_sources": "Content given by URL is off: the model's API would fetch that URL on the sandbox's behalf",
    "file_sources": "Content given by file id is off: the file lies outside of the sandbox",
}


def _feature(name: str) -> Refusal:
    return Refusal(name, f"{_SENTENCES[name]}. An administrator can grant {name!r} in the gateway's settings.")


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _shown(value: Any) -> str:
    """A name from the request, made safe for a sentence and a log."""
    return ascii(value)[:80]
