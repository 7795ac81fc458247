"""What a host that goes away may not cost: no turn, no word, no word twice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from runner_rig import Journal, new_id, one_session, running_runner, shown

from jupyter_agent_host.protocol.control import AnswerPermission, Interrupt, Shutdown
from jupyter_agent_host.protocol.events import (
    AttemptDiscarded,
    PermissionAsked,
    PermissionSettled,
    TextDelta,
    ToolCall,
    ToolResult,
    TurnEnded,
)
from jupyter_agent_host.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio

WORDS = " ".join(f"w{number}" for number in range(60))


def words(**more: Any) -> dict[str, Any]:
    return {"say": WORDS, "delta_delay_seconds": 0.02, **more}


def thinking(**more: Any) -> dict[str, Any]:
    return {"think": "let me see", **words(**more)}


@pytest.mark.parametrize(
    "first", [words(disconnect_after=20), words(disconnect_after=0), thinking(disconnect_after=30)]
)
async def test_a_broken_answer_is_shown_once(tmp_path: Path, first: dict[str, Any]) -> None:
    script = {"rules": [{"when": {"times": 1}, **first}, words()]}
    async with one_session(tmp_path, script) as (model, _rig, host, session):
        end, events = await host.turn(session, "count")
    assert end.status == "completed"
    assert len(model.messages) == 2
    assert shown(events) == WORDS
    spoken = sum(len(event.text.split()) for event in events if isinstance(event, TextDelta))
    assert spoken >= 60
    assert any(isinstance(event, AttemptDiscarded) for event in events) == (first["disconnect_after"] > 0)


async def test_a_carry_killed_at_delta_20_of_60_leaves_60_words(tmp_path: Path) -> None:
    async with one_session(tmp_path, {"rules": [words()]}) as (_model, _rig, host, session):
        host.cut_after = 20
        _, events = await host.turn(session, "count")
    assert [event.reason for event in events if isinstance(event, AttemptDiscarded)] != []
    assert shown(events) == WORDS
    before = events[: next(i for i, event in enumerate(events) if isinstance(event, AttemptDiscarded))]
    assert len(shown(before).split()) >= 19, "the broken attempt was seen, then taken back"


async def test_an_answer_broken_inside_a_tools_input_runs_the_tool_once(tmp_path: Path) -> None:
    call = {"say": "Hello there.", "tools": [{"name": "Bash", "input": {"command": "echo x >> once; cat once"}}]}
    script = {"rules": [{"when": {"times": 1}, **call, "disconnect_after": 3}, {"steps": [call, {"say": "Done."}]}]}
    async with one_session(tmp_path, script) as (_model, _rig, host, session):
        end, events = await host.turn(session, "go")
    assert end.status == "completed", end.error
    assert len([event for event in events if isinstance(event, ToolCall)]) == 1
    assert [event.text for event in events if isinstance(event, ToolResult)] == ["x"]
    assert (tmp_path / "w" / "once").read_text() == "x\n"


@pytest.mark.parametrize("away_seconds", [5, pytest.param(70, marks=[pytest.mark.full, pytest.mark.timeout(400)])])
async def test_host_away_in_mid_turn_then_the_sandbox_lost_and_every_turn_is_recalled(
    tmp_path: Path, away_seconds: float
) -> None:
    script = {
        "rules": [
            {"when": {"prompt": "recall"}, "say": "{recall:1} {recall:2} {recall:3}"},
            {"when": {"prompt": "beta"}, **words()},
            {"say": "Noted."},
        ]
    }
    journal, session = Journal(), new_id()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with ScriptedModel(script) as model:
        async with running_runner(tmp_path / "a") as rig:
            async with rig.host(model.url, journal) as host:
                await host.open(session)
                await host.turn(session, "alpha")
                turn_id = await host.prompt(session, "beta")
                await host.journal.event(TextDelta, turn_id, count=5)
            await anyio.sleep(away_seconds)
            began = time.monotonic()
            async with rig.host(model.url, journal) as host:
                await journal.event(TextDelta, turn_id, count=len(_deltas(journal, turn_id)) + 1)
                back = time.monotonic() - began
                end = await journal.event(TurnEnded, turn_id)
                await host.turn(session, "gamma")
            assert end.status == "completed"
            assert shown(journal.events(turn_id)) == WORDS
            assert back < 5, "the held request was carried at once"
        async with running_runner(tmp_path / "b") as rig, rig.host(model.url) as host:
            await rig.upload(session, journal.transcript(session))
            reply = await host.open(session, mode="resume")
            assert reply.ok, reply.error
            end, _ = await host.turn(session, "recall")
    assert end.text == "alpha beta gamma"


async def test_a_request_held_too_long_fails_the_turn_and_not_the_session(tmp_path: Path) -> None:
    script = {"rules": [words(delta_delay_seconds=0.2)]}
    async with ScriptedModel(script) as model, running_runner(tmp_path, hold_seconds=1) as rig:
        journal, session = Journal(), new_id()
        async with rig.host(model.url, journal) as host:
            await host.open(session)
            turn_id = await host.prompt(session, "count")
            await journal.event(TextDelta, turn_id, count=3)
        with anyio.fail_after(30):
            while (await rig.health()).sessions[0].state != "idle":  # noqa: ASYNC110 - nobody is told: no host
                await anyio.sleep(0.1)
        async with rig.host(model.url, journal) as host:
            end = await journal.event(TurnEnded, turn_id)
            host.cut_after = None
            later = await host.prompt(session, "again")
            await journal.event(TextDelta, later)
            await host.send(Interrupt(session_id=session))
            await journal.event(TurnEnded, later)
    assert (end.status, end.error_code, end.resumable) == ("error", "host_away", True)
    assert end.error.startswith("The notebook's host is away.")
    assert shown(journal.events(turn_id)) == "", "words that the model no longer knows are taken back"


async def test_unacknowledged_items_are_sent_again_and_acknowledged_ones_are_not(tmp_path: Path) -> None:
    async with ScriptedModel({"rules": [{"say": "Hello."}]}) as model, running_runner(tmp_path) as rig:
        session = new_id()
        first, second = Journal(), Journal()
        async with rig.host(model.url, first) as host:
            host.acks = False
            await host.open(session)
            await host.turn(session, "hi")
            kept = (await rig.health()).outbox_items
            assert kept == first.last
        async with rig.host(model.url, second) as host:
            assert (host.hello.outbox_first, host.hello.outbox_last) == (1, first.last)
            await host.until(lambda: second.last == first.last)
            await host.turn(session, "ho")
            with anyio.fail_after(5):
                while (await rig.health()).outbox_items:  # noqa: ASYNC110 - the runner does not say when it is empty
                    await anyio.sleep(0.02)
        async with rig.host(model.url, second) as host:
            assert host.hello.outbox_first == host.hello.outbox_last + 1
            assert host.hello.incarnation
            assert [status.session_id for status in host.hello.sessions] == [session]
    assert second.items[: first.last] == first.items


async def test_a_host_that_stops_reading_costs_deltas_and_no_memory(tmp_path: Path) -> None:
    text = "word " * 40_000
    async with (
        ScriptedModel({"rules": [{"say": text, "delta_words": 50}]}) as model,
        running_runner(tmp_path, outbox_bytes=10_000) as rig,
    ):
        journal, session = Journal(), new_id()
        async with rig.host(model.url, journal) as host:
            await host.open(session)
            host.stops_reading = True
            turn_id = await host.prompt(session, "long")
            await host.until(lambda: bool(host.wanted))
            with anyio.fail_after(60):
                while (await rig.health()).sessions[0].state != "idle":  # noqa: ASYNC110 - this host does not listen
                    await anyio.sleep(0.1)
            kept = (await rig.health()).outbox_bytes
        async with rig.host(model.url, journal):
            end = await journal.event(TurnEnded, turn_id)
    assert end.status == "completed"
    assert shown(journal.events(turn_id)).strip() == text.strip()
    assert sum(len(event.text) for event in _deltas(journal, turn_id)) < len(text)
    assert kept < 3.5 * len(text), "kept whole in the transcript, the text and the end of the turn; as deltas not again"


async def test_a_newer_host_replaces_the_older(tmp_path: Path) -> None:
    async with (
        ScriptedModel({"rules": [{"say": "Hello."}]}) as model,
        running_runner(tmp_path) as rig,
        rig.host(model.url) as older,
    ):
        session = new_id()
        await older.open(session)
        async with rig.host(model.url, older.journal) as newer:
            await older.ended.wait()
            end, _ = await newer.turn(session, "hi")
        assert end.text == "Hello."


async def test_a_question_waits_through_a_reconnect(tmp_path: Path) -> None:
    target = tmp_path / "w" / "file.txt"
    call = {"tools": [{"name": "Write", "input": {"file_path": str(target), "content": "x"}}]}
    script = {"rules": [{"steps": [call, {"say": "End."}]}]}
    async with ScriptedModel(script) as model, running_runner(tmp_path) as rig:
        journal, session = Journal(), new_id()
        async with rig.host(model.url, journal) as host:
            await host.open(session, permission_mode="default")
            turn_id = await host.prompt(session, "write")
            asked = await journal.event(PermissionAsked, turn_id)
        async with rig.host(model.url, journal) as host:
            assert not target.exists()
            await host.send(AnswerPermission(session_id=session, permission_id=asked.request_id, decision="allow"))
            end = await journal.event(TurnEnded, turn_id)
            denied_turn = await host.prompt(session, "write")
            second = await journal.event(PermissionAsked, denied_turn)
            await host.send(
                AnswerPermission(
                    session_id=session, permission_id=second.request_id, decision="deny", message="leave it"
                )
            )
            denied = await journal.event(ToolResult, denied_turn)
            await journal.event(TurnEnded, denied_turn)
    assert asked.tool_name == "Write"
    assert asked.input["file_path"] == str(target)
    assert end.status == "completed"
    assert target.read_text() == "x"
    assert denied.is_error
    assert "leave it" in denied.text


async def test_an_interrupt_settles_a_question(tmp_path: Path) -> None:
    call = {"tools": [{"name": "Bash", "input": {"command": "touch no"}}]}
    script = {"rules": [{"when": {"prompt": "ask"}, "steps": [call]}, {"say": "On."}]}
    async with one_session(tmp_path, script, permission_mode="default") as (_model, _rig, host, session):
        turn_id = await host.prompt(session, "ask")
        asked = await host.journal.event(PermissionAsked, turn_id)
        await host.send(Interrupt(session_id=session))
        settled = await host.journal.event(PermissionSettled, turn_id)
        end = await host.journal.event(TurnEnded, turn_id)
        after, _ = await host.turn(session, "hi")
    assert (settled.request_id, settled.decision, settled.by) == (asked.request_id, "deny", "interrupt")
    assert end.status == "interrupted"
    assert after.text == "On."
    assert not (tmp_path / "w" / "no").exists()


async def test_the_agents_own_questions_reach_a_person_even_in_free_mode(tmp_path: Path) -> None:
    options = [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}]
    question = {"question": "Which colour?", "header": "Colour", "options": options, "multiSelect": False}
    call = {"tools": [{"name": "AskUserQuestion", "input": {"questions": [question]}}]}
    script = {"rules": [{"steps": [call, {"say": "{last_tool_result}"}]}]}
    async with one_session(tmp_path, script) as (_model, _rig, host, session):
        turn_id = await host.prompt(session, "ask")
        asked = await host.journal.event(PermissionAsked, turn_id)
        answer = {"questions": asked.questions, "answers": {"Which colour?": "Blue"}}
        await host.send(
            AnswerPermission(session_id=session, permission_id=asked.request_id, decision="allow", updated_input=answer)
        )
        end = await host.journal.event(TurnEnded, turn_id)
    assert asked.questions[0]["question"] == "Which colour?"
    assert "Blue" in end.text


async def test_shutdown_ends_the_runner_once_everything_is_acknowledged(tmp_path: Path) -> None:
    async with one_session(tmp_path, {"rules": [words(delta_delay_seconds=0.2)]}) as (_model, rig, host, session):
        turn_id = await host.prompt(session, "count")
        await host.journal.event(TextDelta, turn_id, count=2)
        await host.send(Shutdown())
        end = await host.journal.event(TurnEnded, turn_id)
        await host.ended.wait()
        with anyio.fail_after(10):
            assert await rig.process.wait() == 0
    assert end.status == "interrupted"


def _deltas(journal: Journal, turn_id: str) -> list[TextDelta]:
    return [event for event in journal.events(turn_id) if isinstance(event, TextDelta)]
