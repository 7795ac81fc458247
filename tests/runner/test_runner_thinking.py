"""Thinking is bound to its prefix: every way in which a session changes between two turns, against a strict model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from runner_rig import Host, Journal, new_id, running_runner

from jupyter_agent_host.protocol.control import McpServer, SessionOptions
from jupyter_agent_host.protocol.control import OpenSession as Open
from jupyter_agent_host.protocol.runner_http import TranscriptLine
from jupyter_agent_host.runner.sdk.thinking_blocks import without_thinking
from jupyter_agent_host.scripted_model import ScriptedModel
from jupyter_agent_host.store.envelope.trim_transcript import without_long_strings, without_tool_output

pytestmark = pytest.mark.anyio

SCRIPT = {
    "rules": [
        {
            "when": {"prompt": "work"},
            "steps": [
                {
                    "think": "First I count.",
                    "say": "Counting.",
                    "tools": [{"name": "Bash", "input": {"command": "seq 1 200"}}],
                },
                {"think": "Now I add.", "say": "Added."},
            ],
        },
        {"think": "Once more.", "say": "{turns} before: {recall:1}"},
    ]
}


def edited(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    """What the store makes of a transcript, applied to an upload."""

    def edit(transcript: bytes) -> bytes:
        lines = [msgspec.json.decode(line, type=TranscriptLine) for line in transcript.splitlines()]
        entries = change(tuple((line.subpath, bytes(line.entry)) for line in lines))
        return b"\n".join(
            msgspec.json.encode(TranscriptLine(subpath=subpath, entry=msgspec.Raw(entry))) for subpath, entry in entries
        )

    return edit


def written_by(version: str) -> Callable[[bytes], bytes]:
    def edit(transcript: bytes) -> bytes:
        lines = [json.loads(line) for line in transcript.splitlines()]
        for line in lines:
            if "version" in line["entry"]:
                line["entry"]["version"] = version
        return b"\n".join(json.dumps(line).encode() for line in lines)

    return edit


def same(transcript: bytes) -> bytes:
    return transcript


TINY_MCP = Path(__file__).parents[1] / "host" / "tiny_mcp.py"
MCP = {"mcp_servers": (McpServer(name="more", transport="stdio", command=sys.executable, args=(str(TINY_MCP),)),)}
WAYS: dict[str, tuple[Callable[[bytes], bytes], dict[str, Any]]] = {
    "another machine": (same, {}),
    "another prompt text": (same, {"system_prompt": "You are another agent."}),
    "another model": (same, {"model": "claude-opus-5-5"}),
    "fewer tools": (same, {"disallowed_tools": ("Write",)}),
    "an MCP server": (same, MCP),
    "fork": (same, {"mode": "fork"}),
    "no_tool_output": (edited(lambda entries: without_tool_output(entries, over_bytes=0)), {}),
    "trimmed": (edited(lambda entries: without_tool_output(entries, over_bytes=256)), {}),
    "long strings cut": (edited(lambda entries: without_long_strings(entries, over_bytes=1500)), {}),
    "an earlier CLI": (written_by("2.1.300"), {}),
}


async def open_session(host: Host, session: str, **changes: Any) -> None:
    """As the rig does, with a choice of prompt and model."""
    source = changes.pop("source", "")
    mode = changes.pop("mode", "resume")
    options = {"model": "claude-sonnet-5-5", "system_prompt": "You are an agent in a test.", **changes}
    frame = Open(
        request_id=new_id(), session_id=session, mode=mode, source_session_id=source, options=SessionOptions(**options)
    )
    reply = await host.command(frame)
    assert reply.ok, reply.error


@pytest.mark.parametrize("check", ["error", "drop"])
async def test_a_changed_session_goes_on_without_an_error_or_a_dropped_block(tmp_path: Path, check: str) -> None:
    journal, session = Journal(), new_id()
    async with ScriptedModel({**SCRIPT, "thinking_check": check}) as model:
        async with running_runner(tmp_path) as rig, rig.host(model.url, journal) as host:
            await open_session(host, session, mode="new")
            for prompt in ("work", "again"):
                end, _ = await host.turn(session, prompt)
                assert end.status == "completed", end.error
        sent = json.dumps(model.messages[-1].body["messages"])
        assert "First I count." in sent, "within one session thinking is sent back as it came"
        transcript = journal.transcript(session)
        folder = tmp_path / "b"
        folder.mkdir()
        async with running_runner(folder) as rig, rig.host(model.url) as host:
            for way, (edit, changes) in WAYS.items():
                asked = len(model.messages)
                target = new_id() if changes.get("mode") == "fork" else session
                assert await rig.upload(session, edit(transcript)) == 204
                source = {"source": session} if target != session else {}
                await open_session(host, target, **source, **changes)
                end, _ = await host.turn(target, f"after {way}")
                assert (end.status, end.text) == ("completed", "2 before: work"), f"{way}: {end.error}"
                end, _ = await host.turn(target, "and on")
                assert (end.status, end.text) == ("completed", "3 before: work"), f"{way}: {end.error}"
                requests = model.messages[asked:]
                assert [request.status for request in requests] == [200, 200], way
                assert not [dropped for request in requests for dropped in request.dropped], way
                assert "First I count." not in json.dumps(requests[0].body["messages"]), way
                assert "Once more." in json.dumps(requests[1].body["messages"]), way
                await host.close_session(target)


def test_entries_that_were_thinking_alone_go_and_their_children_keep_a_parent() -> None:
    def entry(uuid: str, parent: str | None, *blocks: str) -> dict[str, Any]:
        content = [{"type": kind, kind: "x"} for kind in blocks]
        return {"type": "assistant", "uuid": uuid, "parentUuid": parent, "message": {"content": content}}

    before = [
        {"type": "user", "uuid": "u", "parentUuid": None, "message": {"content": "hi"}},
        entry("a", "u", "thinking"),
        entry("b", "a", "redacted_thinking"),
        entry("c", "b", "thinking", "text"),
        {"type": "user", "uuid": "d", "parentUuid": "c", "message": {"content": "more"}},
    ]
    after = without_thinking(before)
    assert [(one["uuid"], one["parentUuid"]) for one in after] == [("u", None), ("c", "u"), ("d", "c")]
    assert after[1]["message"]["content"] == [{"type": "text", "text": "x"}]
    assert without_thinking(after) == after
