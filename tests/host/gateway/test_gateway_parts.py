"""The small parts: prices, meters, headers, settings."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway import Gateway, Tokens, cost_usd
from jupyter_agent_host.host.gateway.model.credential_headers import allowed_betas, response_headers
from jupyter_agent_host.host.gateway.model.usage_meter import JsonMeter, StreamMeter
from jupyter_agent_host.host.settings import Credential, GatewaySettings

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "input_usd", "output_usd"),
    [
        ("claude-opus-5-5", 5, 25),
        ("claude-sonnet-5", 3, 15),
        ("claude-haiku-4-5-20251001", 1, 5),
        ("claude-3-5-haiku-20241022", 1, 5),
        ("claude-opus-4-1-20250805", 15, 75),
        ("never-heard-of", 15, 75),
    ],
)
def test_prices(model: str, input_usd: float, output_usd: float) -> None:
    assert cost_usd(model, Tokens(input_tokens=MILLION)) == pytest.approx(input_usd)
    assert cost_usd(model, Tokens(output_tokens=MILLION)) == pytest.approx(output_usd)
    assert cost_usd(model, Tokens(cache_read_input_tokens=MILLION)) == pytest.approx(0.1 * input_usd)
    written = Tokens(cache_creation_input_tokens=MILLION)
    assert cost_usd(model, written) == pytest.approx(1.25 * input_usd)
    hour = Tokens(cache_creation_input_tokens=MILLION, cache_creation_1h_input_tokens=MILLION)
    assert cost_usd(model, hour) == pytest.approx(2 * input_usd)


def test_prices_can_be_overridden_and_the_dearest_is_for_the_unknown() -> None:
    own = {"claude-opus-*": (1.0, 2.0, 0.0, 0.0), "gold": (100.0, 200.0, 10.0, 125.0)}
    assert cost_usd("claude-opus-5", Tokens(output_tokens=MILLION), own) == pytest.approx(2)
    assert cost_usd("unknown", Tokens(output_tokens=MILLION), own) == pytest.approx(200)


def events(*values: dict[str, Any]) -> bytes:
    return b"".join(f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode() for value in values)


STREAM = events(
    {"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 9, "output_tokens": 1}}},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "é" * 40}},
    {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "x" * 8}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 500}},
    {"type": "message_stop"},
)


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_a_meter_does_not_care_where_chunks_end(cuts: list[int]) -> None:
    meter = StreamMeter(400)
    edges = [0, *sorted(cuts), len(STREAM)]
    for start, end in pairwise(edges):
        meter.feed(STREAM[start:end])
    reading = meter.read()
    assert (reading.message_id, reading.usage) == ("msg_1", Tokens(input_tokens=9, output_tokens=500))


def test_a_meter_estimates_what_was_not_said() -> None:
    meter = StreamMeter(400)
    assert meter.read().usage == Tokens(input_tokens=100)
    meter.feed(STREAM[: STREAM.index(b"event: message_delta")])
    assert meter.read().usage == Tokens(input_tokens=9, output_tokens=42), "no script is written at a quarter's price"


def test_thinking_that_is_not_shown_counts_by_its_time() -> None:
    now = 100.0
    meter = StreamMeter(400, most_tokens=1000, clock=lambda: now)
    start = {"type": "content_block_start", "content_block": {"type": "thinking", "thinking": ""}}
    meter.feed(events({"type": "message_start", "message": {"usage": {"input_tokens": 9}}}, start))
    now += 5
    assert meter.read().usage.output_tokens == 500
    now += 3600
    assert meter.read().usage.output_tokens == 1000, "never more than was asked for"
    meter.feed(events({"type": "message_delta", "usage": {"output_tokens": 20}}))
    assert meter.read().usage.output_tokens == 20, "what the upstream says counts"


def test_thinking_that_is_shown_counts_by_its_text() -> None:
    now = 100.0
    meter = StreamMeter(400, most_tokens=1000, clock=lambda: now)
    start = {"type": "content_block_start", "content_block": {"type": "thinking", "thinking": ""}}
    text = {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "x" * 40}}
    meter.feed(events(start, text))
    now += 60
    assert meter.read().usage.output_tokens == 10


def test_a_whole_answer_cut_short_counts_as_all_that_was_asked_for() -> None:
    answer = json.dumps({"id": "msg_1", "content": [{"text": "x" * 4000}], "usage": {"output_tokens": 1000}}).encode()
    meter = JsonMeter(400, most_tokens=1200)
    meter.feed(answer[:-1])
    assert meter.read().usage == Tokens(input_tokens=100, output_tokens=1200)
    meter.feed(answer[-1:])
    assert meter.read().usage == Tokens(input_tokens=100, output_tokens=1000)


@given(data=st.binary(max_size=200))
def test_a_meter_bears_any_bytes(data: bytes) -> None:
    stream, whole = StreamMeter(4), JsonMeter(4)
    for meter in (stream, whole):
        meter.feed(b"data: " + data)
        meter.feed(b'\ndata: {"type":"message_delta","usage":{"output_tokens":-5,"input_tokens":null}}\n')
        assert meter.read().usage.output_tokens >= 0


def test_a_line_without_end_is_dropped_not_kept() -> None:
    meter = StreamMeter(0)
    for _ in range(80):
        meter.feed(b"data: " + b"x" * 100_000)
    assert len(meter._line) <= 4 * 1024 * 1024


def test_betas_are_filtered() -> None:
    sent = [b"effort-2025-11-24,web-search-2025-03-05", b" mcp-client-2025-04-04 ,,\xff", b"claude-code-20250219"]
    assert allowed_betas(sent) == b"effort-2025-11-24,claude-code-20250219"


def test_only_named_headers_come_back() -> None:
    upstream = [("Content-Type", "x"), ("Set-Cookie", "a"), ("anthropic-ratelimit-x", "1"), ("Server", "s")]
    assert response_headers(upstream) == [("content-type", "x"), ("anthropic-ratelimit-x", "1")]


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.example",
        "ftp://x",
        "api.example",
        "",
        "https://user:pw@api.example",
        "https://x/?k=v",
        "http://127.0.0.1.evil.example",
        "https://[",
        "https://x:y",
    ],
)
def test_unusable_base_urls(base_url: str) -> None:
    with pytest.raises(ConfigError, match="ANTHROPIC_BASE_URL"):
        Gateway(GatewaySettings(base_url=base_url))


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1", "http://localhost:1/x/", "http://[::1]:1", "https://a.b"])
def test_usable_base_urls(base_url: str) -> None:
    assert isinstance(Gateway(GatewaySettings(base_url=base_url)), Gateway)


@pytest.mark.parametrize("secret", ["a\nb", "a b", "é"])
def test_a_credential_that_no_header_carries(secret: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Gateway(GatewaySettings(credential=Credential("api_key", secret)))
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [{"max_in_flight": 0}, {"max_requests_per_minute": 0}, {"max_body_bytes": 0}, {"allowed_features": ("all",)}],
)
def test_limits_that_cannot_work(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Gateway(GatewaySettings(**wrong))


@pytest.mark.parametrize(("name", "value"), [("HTTPS_PROXY", "socks9://x"), ("SSL_CERT_FILE", "/dev/null")])
def test_a_broken_environment_is_a_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="HTTPS_PROXY"):
        Gateway(GatewaySettings(base_url="https://api.example"))
