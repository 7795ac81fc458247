"""A request to the model goes out with the real credential and comes back as it was, counted."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx
import pytest
from gateway_door import SECRET, Door, Ledger, ask, open_door

from jupyter_agent_host.errors import BudgetExceededError, JournalError, SandboxStartError
from jupyter_agent_host.host.settings import Credential

pytestmark = pytest.mark.anyio

TOKENS = {"input_tokens": 1000, "output_tokens": 500, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 10}


def error(response: httpx.Response) -> str:
    return str(response.json()["error"]["message"])


@pytest.mark.parametrize("stream", [True, False])
async def test_passes_and_counts(stream: bool) -> None:
    async with open_door({"otherwise": {"say": "one two three", "usage": TOKENS}}) as door:
        response = await door.post(ask(stream=stream))
        await door.ledger.wait(1)
    assert response.status_code == 200
    assert "three" in response.text
    entry = door.ledger.entries[0]
    assert (entry.status, entry.refused, entry.complete, entry.model) == (200, "", True, "claude-opus-5")
    assert (entry.usage.input_tokens, entry.usage.output_tokens) == (1000, 500)
    assert entry.cost_usd == pytest.approx((1000 * 5 + 500 * 25 + 100 * 0.5 + 10 * 6.25) / 1e6)
    assert entry.message_id.startswith("msg_")
    assert entry.bytes_out == len(response.content)
    assert entry.bytes_in == len(door.model.requests[0].raw)
    assert door.ledger.admitted == ["claude-opus-5"]


async def test_only_the_real_credential_and_named_headers_go_out(door: Door) -> None:
    async with door.client(cookies={"a": "b"}) as client:
        headers = {
            "authorization": "Bearer placeholder",
            "x-api-key": "placeholder",
            "x-evil": "1",
            "x-forwarded-for": "1.2.3.4",
            "user-agent": "claude-cli/2",
            "anthropic-beta": "effort-2025-11-24, mcp-servers-2025-12-04,files-api-2025-04-14,effort-2025-11-24",
        }
        await client.post("/v1/messages?beta=true", json=ask(), headers=headers)
    sent = door.model.requests[0]
    assert sent.headers == {
        "host": sent.headers["host"],
        "accept": "*/*",
        "accept-encoding": "identity",
        "anthropic-beta": "effort-2025-11-24",
        "anthropic-version": "2023-06-01",
        "connection": "keep-alive",
        "content-length": str(len(sent.raw)),
        "content-type": "application/json",
        "user-agent": "claude-cli/2",
        "x-api-key": SECRET,
    }
    assert sent.query == "beta=true"


async def test_bearer_token() -> None:
    async with open_door(credential=Credential("auth_token", SECRET)) as door:
        assert (await door.post(ask())).status_code == 200
    assert door.model.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert "x-api-key" not in door.model.requests[0].headers


async def test_count_tokens(door: Door) -> None:
    response = await door.post(ask(), path="/v1/messages/count_tokens?beta=true")
    await door.ledger.wait(1)
    assert response.json()["input_tokens"] > 0
    assert door.ledger.entries[0].cost_usd == 0


async def test_a_stream_is_not_buffered() -> None:
    reply = {"say": "first second", "stall_after": 1, "stall_seconds": 3600}
    async with open_door({"otherwise": reply}) as door, door.client() as client:
        with anyio.fail_after(5):
            async with client.stream("POST", "/v1/messages", json=ask(stream=True)) as response:
                seen = ""
                async for text in response.aiter_text():
                    seen += text
                    if "first" in seen:
                        break
    assert "second" not in seen


async def test_an_abandoned_stream_is_counted_and_hung_up() -> None:
    reply = {"say": "{words:5}", "stall_after": 4, "usage": {"input_tokens": 77, "output_tokens": 999}}
    async with open_door({"otherwise": reply}) as door:
        async with door.client() as client, client.stream("POST", "/v1/messages", json=ask(stream=True)) as response:
            async for text in response.aiter_text():
                if "word4" in text:
                    break
        await door.ledger.wait(1)
        with anyio.fail_after(5):
            while not door.model.requests[0].broken:  # noqa: ASYNC110 - the model knows no events of ours
                await anyio.sleep(0.005)
    entry = door.ledger.entries[0]
    assert not entry.complete
    assert entry.usage.input_tokens == 77
    assert entry.usage.output_tokens == len("word1 word2 word3 word4 ") / 4
    assert entry.cost_usd > 0


async def test_hanging_up_before_the_first_byte_still_costs() -> None:
    async with open_door({"otherwise": {"say": "x", "delay_seconds": 3600}}) as door:
        with pytest.raises(httpx.ReadTimeout):
            async with door.client() as client:
                await client.post("/v1/messages", json=ask("x" * 4000, max_tokens=5000), timeout=0.3)
        await door.ledger.wait(1)
    entry = door.ledger.entries[0]
    assert (entry.status, entry.complete) == (0, False)
    assert entry.usage.input_tokens > 1000
    assert entry.usage.output_tokens == 5000, "whether the model stops for one who left is not known"


async def test_cancelling_the_connection_still_records() -> None:
    reply = {"say": "{words:5}", "stall_after": 2}
    async with open_door({"otherwise": reply}) as door, anyio.create_task_group() as group:
        group.start_soon(door.post, ask(stream=True))
        with anyio.fail_after(5):
            while not (door.model.requests and door.model.requests[0].status):  # noqa: ASYNC110 - as above
                await anyio.sleep(0.005)
        group.cancel_scope.cancel()
    assert [entry.complete for entry in door.ledger.entries] == [False]


async def test_no_credential_is_one_sentence() -> None:
    async with open_door(credential=None) as door:
        response = await door.post(ask())
    assert response.status_code == 402
    assert "set ANTHROPIC_API_KEY" in error(response)
    assert response.headers["x-should-retry"] == "false"
    assert door.model.requests == []
    assert door.ledger.entries[0].refused == "credential_missing"


async def test_budget_refusal() -> None:
    ledger = Ledger(refuse=BudgetExceededError("The budget of 1 USD is used up."))
    async with open_door(ledger=ledger) as door:
        response = await door.post(ask())
    assert (response.status_code, error(response)) == (402, "The budget of 1 USD is used up.")
    assert door.model.requests == []
    assert ledger.entries[0].refused == "budget_exceeded"


async def test_a_passing_refusal_is_asked_again() -> None:
    async with open_door(ledger=Ledger(refuse=SandboxStartError("Not yet."))) as door:
        response = await door.post(ask())
    assert response.status_code == 429
    assert response.headers["retry-after"] == "5"


async def test_a_lost_ledger_entry_is_said_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    async with open_door(ledger=Ledger(fail=JournalError("Disk full."))) as door:
        assert (await door.post(ask())).status_code == 200
        assert (await door.post(ask())).status_code == 200
        await door.ledger.wait(2)
    assert "a ledger entry is lost: Disk full." in caplog.text


async def test_logs_say_who_and_how_much_but_never_what(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="jupyter_agent_host"):
        await door.post(ask("private words"))
        await door.ledger.wait(1)
    assert "notebook=nb-1 session=session-1 POST /v1/messages?beta=true model=claude-opus-5 status=200" in caplog.text
    for hidden in ("private words", SECRET, "placeholder", "hello there"):
        assert hidden not in caplog.text


UPSTREAM: list[tuple[dict[str, Any], int, str]] = [
    ({"error": {"status": 400, "type": "invalid_request_error", "message": "bad"}}, 400, "bad"),
    ({"error": {"status": 401, "message": f"key {SECRET} is bad"}}, 402, "check ANTHROPIC_API_KEY"),
    ({"error": {"status": 429, "type": "rate_limit_error", "message": "slow", "retry_after": 7}}, 429, "slow"),
    ({"error": {"status": 500, "body": "<html>oops</html>"}}, 500, "answered 500 without a reason"),
    ({"error": {"status": 529, "type": "overloaded_error", "message": "busy"}}, 529, "busy"),
    ({"error": {"status": 302, "body": ""}}, 402, "redirect"),
    ({"raw": "nonsense"}, 402, "no Messages API"),
]


@pytest.mark.parametrize(("reply", "status", "sentence"), UPSTREAM)
async def test_upstream_errors_are_plain_sentences(reply: dict[str, Any], status: int, sentence: str) -> None:
    async with open_door({"rules": [{"when": {"times": 1}, **reply}]}) as door:
        response = await door.post(ask())
        await door.ledger.wait(1)
        assert (await door.post(ask())).status_code == 200
    assert response.status_code == status
    assert sentence in error(response)
    assert SECRET not in response.text
    assert response.headers.get("retry-after") == ("7" if status == 429 else None)
    assert (door.ledger.entries[0].refused, door.ledger.entries[0].cost_usd) == ("", 0)


async def test_no_upstream() -> None:
    async with open_door(base_url="http://127.0.0.1:9") as door:
        response = await door.post(ask())
    assert response.status_code == 503
    assert "could not be reached" in error(response)


@pytest.mark.parametrize("mishap", ["disconnect_after", "garbage_after"])
async def test_a_broken_answer_breaks_for_the_client_too(mishap: str) -> None:
    async with open_door({"otherwise": {"say": "{words:9}", mishap: 3}}) as door:
        with pytest.raises(httpx.RemoteProtocolError):
            await door.post(ask(stream=True))
        await door.ledger.wait(1)
    entry = door.ledger.entries[0]
    assert (entry.status, entry.complete) == (200, False)
    assert entry.usage.output_tokens > 0


async def test_garbage_in_the_shape_of_a_stream_passes() -> None:
    async with open_door({"otherwise": {"raw": 'data: {"type": 5}\n\ndata: [\n\ndata: {"usage": "x"}\n\n'}}) as door:
        response = await door.post(ask(stream=True))
        await door.ledger.wait(1)
    assert response.status_code == 200
    assert door.ledger.entries[0].complete


async def test_a_large_body_passes_whole() -> None:
    async with open_door() as door:
        response = await door.post(ask("é" * 2_000_000))
    assert response.status_code == 200
    assert len(json.loads(door.model.requests[0].raw)["messages"][0]["content"][0]["text"]) == 2_000_000
