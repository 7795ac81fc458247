"""What a request may ask the model's API for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gateway_door import ask, http, open_door
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_agent_host.host.gateway.gateway_refusal import Refusal
from jupyter_agent_host.host.gateway.model.request_body import parse_body
from jupyter_agent_host.host.gateway.model.request_policy import ALLOWED_FIELDS, FEATURES, check_request

URL = {"type": "url", "url": "https://evil.example/?secret"}
FILE = {"type": "file", "file_id": "file_1"}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def result(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": "t", "content": list(blocks)}


def rule(body: dict[str, Any], *granted: str, models: tuple[str, ...] = ("claude-*",)) -> str:
    """Which rule refuses this; "" if none does."""
    try:
        check_request(ask() | body, allowed_models=models, allowed_features=granted)
    except Refusal as refusal:
        return refusal.rule
    return ""


ADDITION = {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": {"type": "web_fetch_20250910"}}}
DOCUMENT = {"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": URL}]}}

REFUSED = [
    ({"mcp_servers": [{"type": "url", "url": "https://evil.example"}]}, "mcp_servers"),
    ({"mcp_servers": []}, "mcp_servers"),
    ({"container": "c"}, "container"),
    ({"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]}, "server_tools"),
    ({"tools": [{"name": "ok", "input_schema": {}}, {"type": "code_execution_20250825"}]}, "server_tools"),
    ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "x"}]}, "server_tools"),
    ({"tools": [{"type": ["custom"]}]}, "server_tools"),
    ({"messages": [{"role": "system", "content": [ADDITION]}]}, "server_tools"),
    (user({"type": "image", "source": URL}), "url_sources"),
    (user({"type": "document", "source": URL}), "url_sources"),
    (user({"type": "document", "source": FILE}), "file_sources"),
    (user({"type": "image", "source": {"type": "s3"}}), "url_sources"),
    (user({"type": "image", "source": {}}), "url_sources"),
    (user(result({"type": "image", "source": URL})), "url_sources"),
    (user(result(DOCUMENT)), "url_sources"),
    (user(result(result(result({"type": "image", "source": FILE})))), "file_sources"),
    (user({"type": "text", "text": "x", "file_id": "file_1"}), "file_sources"),
    ({"system": [{"type": "document", "source": URL}]}, "url_sources"),
    (user({"type": "container_upload", "file_id": "file_1"}), "content_block"),
    (user({"type": "server_tool_use", "name": "web_fetch"}), "content_block"),
    (user({"type": "mcp_tool_use"}), "content_block"),
    (user({"source": URL}), "content_block"),
    (user({"type": {"a": 1}}), "content_block"),
    ({"speed": "fast"}, "field"),
    ({"service_tier": "priority"}, "field"),
    ({"Model": "claude-x"}, "field"),
    ({"fallbacks": []}, "field"),
    ({"model": "gpt-5"}, "model"),
    ({"model": "xclaude-opus"}, "model"),
    ({"stream": 1}, "malformed"),
    ({"stream": "true"}, "malformed"),
    ({"max_tokens": 1e999}, "malformed"),
    ({"max_tokens": "64000"}, "malformed"),
    ({"model": None}, "malformed"),
    ({"model": ["claude-opus-5"]}, "malformed"),
    ({"model": "claude-\n"}, "malformed"),
    ({"model": "claude-" + "x" * 500}, "malformed"),
    ({"messages": {"role": "user"}}, "malformed"),
    ({"messages": [1]}, "malformed"),
    ({"messages": [{"role": "user", "content": {"type": "image", "source": URL}}]}, "malformed"),
    (user(result()) | {"tools": {"type": "web_search_20250305"}}, "malformed"),
    ({"system": 5}, "malformed"),
]


@pytest.mark.parametrize(("body", "expected"), REFUSED, ids=[str(at) for at in range(len(REFUSED))])
def test_refused(body: dict[str, Any], expected: str) -> None:
    assert rule(body) == expected


PASSING = [
    {},
    {
        "stream": True,
        "thinking": {"type": "adaptive"},
        "metadata": {"user_id": "x"},
        "output_config": {"effort": "low"},
    },
    {"tools": [{"name": "a", "input_schema": {"properties": {"source": {"type": "url"}}}}, {"type": "custom"}]},
    {"tools": [{"name": "p", "input_schema": {}, "defer_loading": True}]},
    user({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}),
    user({"type": "text", "text": '{"type": "url"} mcp_servers'}),
    {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "input": {"source": URL, "file_id": "x"}}]}]},
    {"messages": [{"role": "user", "content": "plain"}], "system": "plain"},
    user({"type": "tool_result", "tool_use_id": "t", "content": "plain"}),
    user({"type": "search_result", "source": "https://x", "title": "t", "content": [{"type": "text", "text": ""}]}),
    {"messages": [{"role": "system", "content": [{"type": "tool_removal", "tool": {"type": "tool_reference"}}]}]},
]


@pytest.mark.parametrize("body", PASSING, ids=[str(at) for at in range(len(PASSING))])
def test_passes(body: dict[str, Any]) -> None:
    assert rule(body) == ""


def test_every_feature_can_be_granted_by_name() -> None:
    granted = {expected: body for body, expected in REFUSED if expected in FEATURES}
    assert set(granted) == set(FEATURES)
    for feature, body in granted.items():
        assert rule(body, feature) == ""
        assert rule(body, *(other for other in FEATURES if other != feature)) == feature


def test_no_dangerous_field_is_on_the_list() -> None:
    assert not ALLOWED_FIELDS & {"mcp_servers", "container", "speed", "service_tier", "fallbacks", "betas"}


def test_allowed_models_are_globs() -> None:
    assert rule({"model": "claude-haiku-5"}, models=("claude-haiku-*",)) == ""
    assert rule({"model": "claude-opus-5"}, models=("claude-haiku-*",)) == "model"


STRICT = [
    b"",
    b"null",
    b"[]",
    b"{",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"model": "claude-a", "model": "claude-b"}',
    b'{"model": "claude-a", "m\\u006fdel": "claude-b"}',
    b'{"a": {"source": 1, "source": 2}}',
    b'\xef\xbb\xbf{"a": 1}',
    b'{"a": "\xff"}',
    b'{"a": "\n"}',
    b'{"a": 1} {"b": 2}',
    b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}",
    b"[" * 500_000,
    b'{"a":' * 100_000,
    b'{"a": ' + b"9" * 10_000 + b"}",
]


@pytest.mark.parametrize("data", STRICT, ids=[str(at) for at in range(len(STRICT))])
def test_ambiguous_or_oversized_json_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        parse_body(data, max_depth=64)
    assert caught.value.status == 400


@settings(max_examples=100, deadline=None)
@given(
    value=st.dictionaries(
        st.one_of(st.text(max_size=5), st.sampled_from(sorted(ALLOWED_FIELDS))),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.sampled_from(["type", "content", "source", "tool", "x"]), inner, max_size=3),
            ),
            max_leaves=12,
        ),
        max_size=4,
    )
)
def test_any_json_is_refused_or_passes_but_breaks_nothing(value: dict[str, Any]) -> None:
    assert parse_body(json.dumps(value).encode(), max_depth=64) == value
    assert isinstance(rule(value), str)


@pytest.mark.anyio
async def test_a_refusal_reaches_the_agent_as_a_sentence_and_nothing_else_goes_out() -> None:
    async with open_door() as door:
        answers = await door.raw(http(json.dumps(ask(container="c")).encode()))
        assert answers[0].status == 402
        assert "Server-side containers are off" in answers[0].message
        await door.ledger.wait(1)
    assert door.ledger.entries[0].refused == "container"
    assert door.ledger.admitted == []
    assert door.model.requests == []
