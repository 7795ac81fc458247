"""The scripted model speaks the Messages API as an agent expects it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from jupyter_agent_host.scripted_model import ScriptedModel, ScriptError, load_script, running_scripted_model

pytestmark = pytest.mark.anyio

KEY = {"x-api-key": "k"}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def ask(*messages: dict[str, Any], stream: bool = False, model: str = "claude-opus-5") -> dict[str, Any]:
    return {"model": model, "max_tokens": 10, "stream": stream, "messages": list(messages)}


async def post(model: ScriptedModel, body: dict[str, Any], **keywords: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, base_url=model.url, timeout=10) as client:
        return await client.post("/v1/messages?beta=true", json=body, **{"headers": KEY, **keywords})


def sse(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


async def test_proves_memory_by_recalling_the_earlier_prompts() -> None:
    script = {"otherwise": {"say": "{turns} before; first: {recall:1}; none: {recall:9}; json {stays}"}}
    history = [user("<system-reminder>hint</system-reminder>"), user("alpha"), {"role": "assistant", "content": "ok"}]
    async with ScriptedModel(script) as model:
        answer = (await post(model, ask(*history, user("beta")))).json()
    assert answer["content"][0]["text"] == "1 before; first: alpha; none: (unknown); json {stays}"
    assert model.messages[0].conversation is not None
    assert model.messages[0].conversation.prompts == ("alpha", "beta")


async def test_steps_follow_the_tool_rounds() -> None:
    script = {
        "rules": [
            {
                "when": {"prompt": "WORK"},
                "steps": [
                    {"tools": [{"name": "Bash", "input": {"command": {"$lines": ["echo {prompt}", "date"]}}}]},
                    {"say": "got {last_tool_result}"},
                ],
            }
        ]
    }
    async with ScriptedModel(script) as model:
        call = (await post(model, ask(user("work")))).json()
        block = call["content"][0]
        result = {"type": "tool_result", "tool_use_id": block["id"], "content": [{"type": "text", "text": "42"}]}
        history = [user("work"), {"role": "assistant", "content": [block]}, {"role": "user", "content": [result]}]
        answer = (await post(model, ask(*history))).json()
        after = (await post(model, ask(*history, {"role": "assistant", "content": "got"}, user("other")))).json()
    assert call["stop_reason"] == "tool_use"
    assert block["input"] == {"command": "echo work\ndate"}
    assert answer["content"][0]["text"] == "got 42"
    assert answer["stop_reason"] == "end_turn"
    assert "no rule" in after["content"][0]["text"]


async def test_streams_blocks_in_order_with_usage() -> None:
    reply = {
        "think": "hm",
        "say": "one two",
        "tools": [{"name": "T", "input": {"a": "b" * 100}}],
        "usage": {"input_tokens": 7, "output_tokens": 9, "cache_read_input_tokens": 3},
    }
    async with ScriptedModel({"otherwise": reply}) as model:
        events = sse((await post(model, ask(user("x"), stream=True))).text)
    kinds = [event["type"] for event in events]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    assert events[0]["message"]["usage"]["cache_read_input_tokens"] == 3
    assert events[-2]["usage"]["output_tokens"] == 9
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert [delta["text"] for delta in deltas if delta["type"] == "text_delta"] == ["one ", "two"]
    partial = "".join(delta["partial_json"] for delta in deltas if delta["type"] == "input_json_delta")
    assert json.loads(partial) == {"a": "b" * 100}


async def test_count_tokens_and_recording() -> None:
    async with ScriptedModel({}) as model, httpx.AsyncClient(trust_env=False, base_url=model.url) as client:
        counted = await client.post("/v1/messages/count_tokens", json=ask(user("x")), headers=KEY)
        await client.post("/v1/messages", json=ask(user("x")), headers=KEY | {"X-Extra": "1"})
    assert counted.json()["input_tokens"] > 0
    assert [request.path for request in model.requests] == ["/v1/messages/count_tokens", "/v1/messages"]
    assert model.messages[0].headers["x-extra"] == "1"
    assert model.messages[0].finished


async def test_errors_times_and_retry_after() -> None:
    rule = {"when": {"times": 1}, "error": {"status": 529, "type": "overloaded_error", "retry_after": 2}}
    async with ScriptedModel({"rules": [rule]}) as model:
        first, second = await post(model, ask(user("x"))), await post(model, ask(user("x")))
    assert (first.status_code, first.headers["retry-after"]) == (529, "2")
    assert first.json()["error"]["type"] == "overloaded_error"
    assert second.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"x-api-key": "right"}, 200), ({"authorization": "Bearer right"}, 200), ({"x-api-key": "wrong"}, 401), ({}, 401)],
)
async def test_checks_the_key(headers: dict[str, str], status: int) -> None:
    async with ScriptedModel({"api_key": "right"}) as model:
        assert (await post(model, ask(user("x")), headers=headers)).status_code == status


async def test_disconnects_stalls_and_garbage() -> None:
    words = {"say": "{words:5}"}
    rules = [
        {"when": {"prompt": "cut"}, "disconnect_after": 2, **words},
        {"when": {"prompt": "junk"}, "garbage_after": 1, **words},
        {"when": {"prompt": "stall"}, "stall_after": 1, **words},
        {"when": {"prompt": "raw"}, "raw": "nonsense"},
    ]
    async with ScriptedModel({"rules": rules}) as model:
        with pytest.raises(httpx.RemoteProtocolError):
            await post(model, ask(user("cut"), stream=True))
        with pytest.raises(httpx.RemoteProtocolError):
            await post(model, ask(user("junk"), stream=True))
        with pytest.raises(httpx.ReadTimeout):
            await post(model, ask(user("stall"), stream=True), timeout=0.3)
        assert (await post(model, ask(user("raw")))).text == "nonsense"
        with anyio.fail_after(5):
            while not model.requests[2].broken:  # noqa: ASYNC110 - the model knows no events of ours
                await anyio.sleep(0.01)


def test_runs_in_a_thread_for_code_without_a_loop() -> None:
    with running_scripted_model({"otherwise": {"say": "hi"}}) as model:
        answer = httpx.post(f"{model.url}/v1/messages", json=ask(user("x")), headers=KEY, trust_env=False)
    assert answer.json()["content"][0]["text"] == "hi"


def test_runs_as_a_process(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    command = [sys.executable, "-m", "jupyter_agent_host.scripted_model", "demo", "--ready-file", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 20
            while not ready.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            url = ready.read_text(encoding="utf-8")
            answer = httpx.post(f"{url}/v1/messages", json=ask(user("x")), headers=KEY, trust_env=False)
        finally:
            os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
    assert "scripted model" in answer.json()["content"][0]["text"]


@pytest.mark.parametrize("bad", [{"rulez": []}, {"rules": [{"when": {"prompt": 1}}]}, "/does/not/exist.json"])
def test_a_bad_script_says_where(bad: Any) -> None:
    with pytest.raises(ScriptError, match="Not a script"):
        load_script(bad)


async def test_what_the_agent_itself_says_is_no_prompt() -> None:
    loaded = {"type": "tool_result", "tool_use_id": "t", "content": "x"}
    history = [
        user("first"),
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "ToolSearch", "input": {}}]},
        {"role": "user", "content": [loaded, {"type": "text", "text": "Tool loaded."}]},
    ]
    script = {"rules": [{"when": {"step": 1, "after_tool": "ToolSearch"}, "say": "{turns}: {prompt}"}]}
    async with ScriptedModel(script) as model:
        during = (await post(model, ask(*history))).json()
        stopped = (await post(model, ask(*history[:2], user("[Request interrupted by user]"), user("second")))).json()
    assert during["content"][0]["text"] == "0: first"
    assert "no rule" in stopped["content"][0]["text"]
    assert model.messages[1].conversation is not None
    assert model.messages[1].conversation.prompts == ("first", "second")
