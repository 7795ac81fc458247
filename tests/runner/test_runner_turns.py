"""Turns of the real CLI in a real runner: text, tools, resume, fork, interrupt, queue."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from runner_rig import Journal, new_id, one_session, running_runner, shown

from jupyter_agent_host.protocol.control import (
    CancelPrompt,
    ContextUsage,
    Interrupt,
    SetModel,
    SetPermissionMode,
)
from jupyter_agent_host.protocol.events import Notice, TextDelta, ToolCall, ToolResult, TurnEnded
from jupyter_agent_host.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio

SLOW = {"say": "word " * 200, "delta_delay_seconds": 0.05}


def tool(name: str, **given: Any) -> dict[str, Any]:
    return {"tools": [{"name": name, "input": given}]}


async def test_a_turn_is_streamed_and_ends_with_its_cost(tmp_path: Path) -> None:
    script = {"rules": [{"say": "Hello you there. \U0001f40d"}]}
    async with one_session(tmp_path, script) as (model, _rig, host, session):
        end, events = await host.turn(session, "hi \U0001f40d")
        second, _ = await host.turn(session, "again")
    assert (end.status, end.text, end.error) == ("completed", "Hello you there. \U0001f40d", "")
    assert shown(events) == "Hello you there. \U0001f40d"
    assert any(isinstance(event, TextDelta) for event in events)
    assert end.usage.output_tokens > 0
    assert end.context_tokens > 0
    assert end.model == model.messages[0].body["model"] == "claude-sonnet-5"
    assert 0 < second.cost_usd < end.cost_usd * 3, "the cost of the second turn is its own, not the total"
    assert [status[0].state for status in host.statuses if status][-1] == "idle"
    assert "working" in {status[0].state for status in host.statuses if status}


async def test_tools_run_and_the_hosts_note_reaches_the_model(tmp_path: Path) -> None:
    steps = [
        tool("Bash", command="echo from-bash; id -u"),
        tool("Write", file_path=str(tmp_path / "w" / "answer.txt"), content="42"),
        {"say": "Done."},
    ]
    async with one_session(tmp_path, {"rules": [{"steps": steps}]}) as (model, _rig, host, session):
        host.note = "guarded.ipynb stays inside until it is granted"
        end, events = await host.turn(session, "go")
    assert end.status == "completed", end.error
    assert (tmp_path / "w" / "answer.txt").read_text() == "42"
    calls = [event for event in events if isinstance(event, ToolCall)]
    results = [event for event in events if isinstance(event, ToolResult)]
    assert [call.name for call in calls] == ["Bash", "Write"]
    assert [result.tool_use_id for result in results] == [call.tool_use_id for call in calls]
    assert "from-bash" in results[0].text
    assert results[0].size_bytes == len(results[0].text.encode())
    assert [sync.tool_name for sync in host.syncs] == ["Bash", "Write"]
    assert "guarded.ipynb stays inside" in str(model.messages[-1].body["messages"])


async def test_a_host_that_never_answers_a_sync_only_delays_the_tool(
    tmp_path: Path,
) -> None:
    script = {"rules": [{"steps": [tool("Bash", command="false"), {"say": "Went on."}]}]}
    async with ScriptedModel(script) as model, running_runner(tmp_path) as rig:
        journal, session = Journal(), new_id()
        async with rig.host(model.url, journal) as host:
            host.answer_syncs = False
            await host.open(session)
            turn_id = await host.prompt(session, "go")
            await host.until(lambda: bool(host.syncs))
        async with rig.host(model.url, journal):
            end = await journal.event(TurnEnded, turn_id)
    assert (end.status, end.text) == ("completed", "Went on.")


async def test_a_conversation_goes_on_in_another_runner_and_folder(tmp_path: Path) -> None:
    script = {
        "rules": [
            {"when": {"prompt": "recall"}, "say": "{turns} earlier: {recall:1}"},
            {"when": {"prompt": "apple"}, "steps": [tool("Bash", command="echo core"), {"say": "Noted."}]},
            {"say": "Noted."},
        ]
    }
    journal, session = Journal(), new_id()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with ScriptedModel(script) as model:
        async with running_runner(tmp_path / "a") as rig, rig.host(model.url, journal) as host:
            await host.open(session)
            await host.turn(session, "remember apple")
            await host.turn(session, "remember pear")
            assert (await host.close_session(session)).ok
        transcript = journal.transcript(session)
        again = Journal()
        async with running_runner(tmp_path / "b") as rig, rig.host(model.url, again) as host:
            assert await rig.upload(session, transcript) == 204
            reply = await host.open(session, mode="resume")
            assert reply.ok, reply.error
            end, _ = await host.turn(session, "recall")
            await host.close_session(session)
    assert end.text == "2 earlier: remember apple"
    sent = str(model.messages[-1].body["messages"])
    assert "core" in sent
    assert "remember pear" in sent
    uuids = [
        entry.get("uuid") for entry in entries(transcript + b"\n" + again.transcript(session)) if entry.get("uuid")
    ]
    assert len(uuids) == len(set(uuids)), "the second runner sends only what is new"


async def test_a_fork_goes_on_from_a_copy(tmp_path: Path) -> None:
    script = {
        "rules": [
            {"when": {"prompt": "recall"}, "say": "{turns} earlier: {recall:1}"},
            {"say": "Noted."},
        ]
    }
    journal, session, fork, early = Journal(), new_id(), new_id(), new_id()
    async with (
        ScriptedModel(script) as model,
        running_runner(tmp_path) as rig,
        rig.host(model.url, journal) as host,
    ):
        await host.open(session)
        await host.turn(session, "remember apple")
        first_answer = [entry["uuid"] for entry in entries(journal.transcript(session)) if entry["type"] == "assistant"]
        await host.turn(session, "remember pear")
        transcript = journal.transcript(session)
        await rig.upload(session, transcript)
        reply = await host.open(fork, mode="fork", source_session_id=session)
        assert reply.ok, reply.error
        end, _ = await host.turn(fork, "recall")
        await rig.upload(session, transcript)
        reply = await host.open(early, mode="fork", source_session_id=session, fork_at=first_answer[-1])
        assert reply.ok, reply.error
        early_end, _ = await host.turn(early, "recall")
        original, _ = await host.turn(session, "recall")
    assert end.text == "2 earlier: remember apple"
    assert early_end.text == "1 earlier: remember apple"
    assert original.text == "2 earlier: remember apple"
    copied = entries(journal.transcript(fork))
    assert {entry["sessionId"] for entry in copied if "sessionId" in entry} == {fork}
    assert "remember pear" in str(copied)


async def test_an_interrupt_ends_the_turn_within_a_second_and_the_session_lives_on(tmp_path: Path) -> None:
    script = {"rules": [{"when": {"prompt": "slow"}, **SLOW}, {"say": "Still here."}]}
    async with one_session(tmp_path, script) as (_model, _rig, host, session):
        turn_id = await host.prompt(session, "slow")
        await host.journal.event(TextDelta, turn_id, count=3)
        began = time.monotonic()
        await host.send(Interrupt(session_id=session))
        end = await host.journal.event(TurnEnded, turn_id)
        took = time.monotonic() - began
        after, _ = await host.turn(session, "hi")
        words = shown(host.journal.events(turn_id))
    assert (end.status, end.resumable) == ("interrupted", True)
    assert took < 1.5
    assert words.startswith("word word"), "what was said stays"
    assert (after.status, after.text) == ("completed", "Still here.")


async def test_an_interrupt_stops_a_tool(tmp_path: Path) -> None:
    waiting = {"when": {"prompt": "wait"}, "steps": [tool("Bash", command="tail -f /dev/null")]}
    script = {"rules": [waiting, {"say": "Here."}]}
    async with one_session(tmp_path, script) as (_model, _rig, host, session):
        turn_id = await host.prompt(session, "wait")
        await host.journal.event(ToolCall, turn_id)
        await anyio.sleep(0.5)
        began = time.monotonic()
        await host.send(Interrupt(session_id=session))
        end = await host.journal.event(TurnEnded, turn_id)
        took = time.monotonic() - began
        after, _ = await host.turn(session, "hi")
    assert end.status == "interrupted"
    assert took < 1.5
    assert after.text == "Here."


async def test_prompts_queue_and_can_be_taken_back(tmp_path: Path) -> None:
    script = {"rules": [{"when": {"prompt": "slow"}, "say": "slow", "delay_seconds": 1.0}, {"say": "{prompt}"}]}
    async with one_session(tmp_path, script) as (_model, _rig, host, session):
        turns = [await host.prompt(session, text) for text in ("slow", "second", "third", "fourth")]
        await host.send(CancelPrompt(session_id=session, turn_id=turns[2]))
        ends = [await host.journal.event(TurnEnded, turn_id) for turn_id in turns]
    assert [end.status for end in ends] == ["completed", "completed", "interrupted", "completed"]
    assert [end.text for end in ends] == ["slow", "second", "", "fourth"]


async def test_model_mode_and_context_can_be_asked_for_while_it_runs(tmp_path: Path) -> None:
    async with one_session(tmp_path, {"rules": [{"say": "ok"}]}) as (model, _rig, host, session):
        await host.turn(session, "one")
        reply = await host.command(SetModel(request_id="a", session_id=session, model="claude-haiku-4-5"))
        assert reply.ok, reply.error
        await host.turn(session, "two")
        assert (await host.command(SetPermissionMode(request_id="b", session_id=session, mode="acceptEdits"))).ok
        usage = await host.command(ContextUsage(request_id="c", session_id=session))
        unknown = await host.command(ContextUsage(request_id="d", session_id=new_id()))
    assert [request.body["model"] for request in model.messages][:1] == ["claude-sonnet-5"]
    assert model.messages[-1].body["model"] == "claude-haiku-4-5"
    assert usage.ok
    assert usage.result["totalTokens"] > 0
    assert not unknown.ok
    assert unknown.error_code == "protocol"


async def test_what_the_service_refuses_is_one_sentence(tmp_path: Path) -> None:
    refusal = {"status": 402, "type": "permission_error", "message": "No model credential is set on the server."}
    script = {"rules": [{"when": {"prompt": "fail"}, "error": refusal}, {"say": "Fine."}]}
    async with one_session(tmp_path, script) as (_model, _rig, host, session):
        end, events = await host.turn(session, "fail")
        after, _ = await host.turn(session, "hi")
    assert (end.status, end.error_code, end.resumable) == ("error", "credential_missing", True)
    assert end.error == "No model credential is set on the server."
    assert shown(events) == ""
    assert not [event for event in events if isinstance(event, Notice)]
    assert (after.status, after.text) == ("completed", "Fine.")


async def test_max_turns_ends_the_turn_and_not_the_session(tmp_path: Path) -> None:
    steps = [tool("Bash", command="true"), tool("Bash", command="true"), {"say": "never"}]
    async with one_session(
        tmp_path, {"rules": [{"when": {"prompt": "many"}, "steps": steps}, {"say": "On."}]}, max_turns=1
    ) as (_model, _rig, host, session):
        end, _ = await host.turn(session, "many")
        after, _ = await host.turn(session, "hi")
    assert end.status == "max_turns"
    assert after.text == "On."


async def test_background_tasks_are_counted(tmp_path: Path) -> None:
    steps = [tool("Bash", command="sleep 2", run_in_background=True), {"say": "Started."}]
    async with one_session(tmp_path, {"rules": [{"when": {"prompt": "go"}, "steps": steps}, {"say": "Finished."}]}) as (
        _model,
        _rig,
        host,
        session,
    ):
        end, _ = await host.turn(session, "go")
        with anyio.fail_after(15):
            await host.until(lambda: host.statuses[-1][0].background_tasks == 1)
            await host.until(lambda: host.statuses[-1][0].background_tasks == 0)
            await host.until(lambda: host.statuses[-1][0].state == "idle")
    assert end.text == "Started."


async def test_the_cli_killed_in_mid_turn_is_said_and_resumable(tmp_path: Path) -> None:
    script = {
        "rules": [{"when": {"prompt": "die"}, "steps": [tool("Bash", command="kill -9 $PPID")]}, {"say": "{turns}"}]
    }
    async with one_session(tmp_path, script) as (_model, rig, host, session):
        await host.turn(session, "hi")
        turn_id, queued = await host.prompt(session, "die"), await host.prompt(session, "waits")
        end = await host.journal.event(TurnEnded, turn_id)
        queued_end = await host.journal.event(TurnEnded, queued)
        assert (end.status, end.error_code, end.resumable) == ("error", "agent_killed", True)
        assert queued_end.status == "error"
        await rig.upload(session, host.journal.transcript(session))
        assert (await host.open(session, mode="resume")).ok
        after, _ = await host.turn(session, "and now")
    assert after.text == "2"


async def test_a_session_that_cannot_start_says_why(tmp_path: Path) -> None:
    async with (
        ScriptedModel({}) as model,
        running_runner(tmp_path) as rig,
        rig.host(model.url) as host,
    ):
        missing = await host.open(new_id(), mode="resume")
        no_uuid = await host.open("../../etc")
        session = new_id()
        garbage = b'{"subpath":"","entry":{"type":"user"}}'
        assert await rig.upload(session, garbage) == 204
        refused = await host.open(session, mode="resume")
        assert await rig.upload(session, garbage) == 204
        no_fork = await host.open(new_id(), mode="fork", source_session_id=session)
        end, _ = await host.turn(new_id(), "to nobody")
        fine = await host.open(session)
    assert (missing.ok, missing.error_code) == (False, "protocol")
    assert (no_uuid.ok, no_uuid.error_code) == (False, "protocol")
    assert (refused.ok, refused.error_code) == (False, "turn")
    assert (no_fork.ok, no_fork.error_code) == (False, "protocol")
    assert (end.status, end.error_code) == ("error", "session_closed")
    assert fine.ok


def entries(transcript: bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line)["entry"] for line in transcript.splitlines() if line]
