"""The real bundled CLI, driven by the real SDK, through the real gateway: only the model's words are scripted."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ResultMessage,
    TextBlock,
    create_sdk_mcp_server,
    tool,
)
from gateway_door import SECRET, Door, Ledger, open_door

from jupyter_agent_host.errors import BudgetExceededError
from jupyter_agent_host.host.gateway.model.credential_headers import ALLOWED_BETAS
from jupyter_agent_host.host.gateway.model.request_policy import ALLOWED_FIELDS

pytestmark = pytest.mark.anyio

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PROMPT = "Read sales.csv, find the month with the highest revenue, and write it to answer.txt"


def options(door: Door, folder: Path) -> ClaudeAgentOptions:
    workspace = folder / "workspace"
    workspace.mkdir()
    (workspace / "sales.csv").write_text("month,revenue\nMay,10\nJune,30.5\nMay,15\n", encoding="utf-8")
    environment = {
        "ANTHROPIC_BASE_URL": door.url,
        "ANTHROPIC_API_KEY": "placeholder",
        "CLAUDE_CONFIG_DIR": str(folder / "config"),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    return ClaudeAgentOptions(
        cwd=workspace,
        env=environment,
        setting_sources=[],
        strict_mcp_config=True,
        allowed_tools=["Bash", "Write", "Read"],
        max_turns=20,
        system_prompt={"type": "custom", "prompt": "You work in a notebook.", "snapshot": False},
    )


async def turn(client: ClaudeSDKClient, prompt: str) -> tuple[ResultMessage, str]:
    """One turn: its result, and all text of it."""
    result, texts = None, []
    await client.query(prompt)
    async for message in client.receive_response():
        if isinstance(message, ResultMessage):
            result = message
        elif isinstance(message, AssistantMessage):
            texts += [block.text for block in message.content if isinstance(block, TextBlock)]
    assert result is not None
    return result, "\n".join(texts)


async def test_the_demo_runs_and_remembers(tmp_path: Path) -> None:
    async with open_door("demo") as door, ClaudeSDKClient(options(door, tmp_path)) as client:
        first, _ = await turn(client, PROMPT)
        second, recalled = await turn(client, "Which month was it, and what did I ask you first?")
        usage = await client.get_context_usage()
        ledger, requests = door.ledger, door.model.requests
    assert (first.is_error, second.is_error) == (False, False)
    assert (tmp_path / "workspace" / "answer.txt").read_text(encoding="utf-8") == "June (revenue 30.50)\n"
    assert PROMPT in recalled
    assert "1 earlier prompt" in recalled
    assert usage["totalTokens"] > 0
    assert {entry.refused for entry in ledger.entries} == {""}
    assert all(entry.complete and entry.status == 200 for entry in ledger.entries)
    assert len(ledger.entries) == len(requests)
    counted = sum(entry.usage.output_tokens for entry in ledger.entries)
    assert (
        counted == first.usage["output_tokens"] + second.usage["output_tokens"] if first.usage and second.usage else 0
    )
    assert {request.headers["x-api-key"] for request in requests} == {SECRET}
    fields = {field for request in requests for field in request.body}
    assert fields <= ALLOWED_FIELDS


@tool("paint", "Paint a picture", {"what": str})
async def paint(arguments: dict[str, Any]) -> dict[str, Any]:
    """A tool of ours, whose result holds an image."""
    text = {"type": "text", "text": f"painted {arguments['what']}"}
    return {"content": [text, {"type": "image", "data": base64.b64encode(PNG).decode(), "mimeType": "image/png"}]}


async def test_every_kind_of_content_that_the_cli_sends_passes(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    calls = [
        ("ToolSearch", {"query": "select:WebFetch,CronCreate"}),
        ("Read", {"file_path": f"{workspace}/picture.png"}),
        ("Agent", {"description": "x", "prompt": "delegated", "subagent_type": "general-purpose"}),
        ("mcp__art__paint", {"what": "a cat"}),
    ]
    steps = [{"think": "hm", "say": "go", "tools": [{"name": name, "input": given}]} for name, given in calls]
    script = {"rules": [{"when": {"prompt": "work"}, "steps": [*steps, {"say": "done: {last_tool_result}"}]}]}
    async with open_door(script) as door:
        chosen = options(door, tmp_path)
        (workspace / "picture.png").write_bytes(PNG)
        chosen.mcp_servers = {"art": create_sdk_mcp_server("art", tools=[paint])}
        chosen.allowed_tools += ["Agent", "ToolSearch", "mcp__art__paint"]
        async with ClaudeSDKClient(chosen) as client:
            _, text = await turn(client, "work")
    assert "done: painted a cat" in text
    sent = [json.dumps(request.body) for request in door.model.messages]
    assert all(any(f'"type": "{kind}"' in body for body in sent) for kind in ("tool_reference", "image", "thinking"))
    assert any(request.conversation and "delegated" in request.conversation.prompts for request in door.model.messages)
    assert {entry.refused for entry in door.ledger.entries} == {""}


async def test_betas_that_the_cli_needs_pass(tmp_path: Path) -> None:
    async with open_door("demo") as door, ClaudeSDKClient(options(door, tmp_path)) as client:
        await turn(client, "hello")
    sent = set(door.model.messages[0].headers["anthropic-beta"].split(","))
    assert {"claude-code-20250219", "interleaved-thinking-2025-05-14", "context-management-2025-06-27"} <= sent
    assert sent <= ALLOWED_BETAS


SENTENCES: list[tuple[dict[str, Any], str]] = [
    ({"credential": None}, "No model credential is set on the Jupyter server: set ANTHROPIC_API_KEY"),
    ({"ledger": Ledger(refuse=BudgetExceededError("The budget is used up."))}, "The budget is used up."),
    ({"allowed_models": ("claude-haiku-*",)}, "is not allowed here; allowed models: claude-haiku-*."),
    ({"script": {"api_key": "another"}}, "refused the Jupyter server's credential (401): check ANTHROPIC_API_KEY"),
]


@pytest.mark.parametrize(("settings", "sentence"), SENTENCES)
async def test_a_refusal_is_one_sentence_at_once(tmp_path: Path, settings: dict[str, Any], sentence: str) -> None:
    async with open_door(**settings) as door, ClaudeSDKClient(options(door, tmp_path)) as client:
        with anyio.fail_after(20):
            result, text = await turn(client, "hello")
    assert result.is_error
    assert sentence in text
    assert len(door.ledger.entries) == 1


async def test_a_broken_answer_is_repeated_and_both_are_counted(tmp_path: Path) -> None:
    rules = [{"when": {"times": 1}, "say": "{words:20}", "disconnect_after": 10}]
    script = {"rules": rules, "otherwise": {"say": "whole answer"}}
    async with open_door(script) as door, ClaudeSDKClient(options(door, tmp_path)) as client:
        result, text = await turn(client, "hello")
    assert not result.is_error
    assert "whole answer" in text
    assert [entry.complete for entry in door.ledger.entries] == [False, True]
    assert all(entry.usage.output_tokens > 0 for entry in door.ledger.entries)


async def test_an_overloaded_upstream_is_asked_again(tmp_path: Path) -> None:
    failure = {"status": 529, "type": "overloaded_error", "message": "busy"}
    script = {"rules": [{"when": {"times": 2}, "error": failure}], "otherwise": {"say": "at last"}}
    async with open_door(script) as door, ClaudeSDKClient(options(door, tmp_path)) as client:
        result, text = await turn(client, "hello")
    assert (result.is_error, text) == (False, "at last")
    assert [entry.status for entry in door.ledger.entries] == [529, 529, 200]
