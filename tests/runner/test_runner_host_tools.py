"""Tools that the host carries out, called by the real CLI."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import anyio
import pytest
from runner_rig import Host, Journal, new_id, one_session, running_runner

from jupyter_agent_host.protocol.control import HostToolAnswer, HostToolCall, HostToolCancel, Interrupt
from jupyter_agent_host.protocol.events import PermissionAsked, ToolCall, ToolResult, TurnEnded
from jupyter_agent_host.protocol.host_tools import ToolDefinition, ToolImage, ToolText
from jupyter_agent_host.protocol.limits import MAX_TOOL_CALLS
from jupyter_agent_host.runner.connection.host_tool_calls import HostTools
from jupyter_agent_host.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCHEMA = {"type": "object", "properties": {"cell": {"type": "string"}}, "required": ["cell"]}
TOOLS = (ToolDefinition(name="look", description="Look at a cell.", input_schema=SCHEMA, read_only=True),)


def call(*cells: str) -> dict[str, Any]:
    return {"tools": [{"name": "mcp__notebook__look", "input": {"cell": cell}} for cell in cells]}


def script(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"rules": [{"steps": [*steps, {"say": "{last_tool_result}"}]}]}


def answer(frame: HostToolCall) -> HostToolAnswer:
    content = (ToolText(f"cell {frame.arguments['cell']}"), ToolImage("image/png", PNG))
    return HostToolAnswer(request_id=frame.request_id, content=content)


@pytest.mark.parametrize("mode", ["free", "default", "acceptEdits", "plan", "dontAsk"])
async def test_a_call_reaches_the_host_once_in_every_mode_and_nobody_is_asked(tmp_path: Path, mode: str) -> None:
    async with one_session(tmp_path, script(call("a")), host_tools=TOOLS, permission_mode=mode) as scene:
        model, _rig, host, session = scene
        host.tool = answer
        end, events = await host.turn(session, "look")
    (asked,) = host.tool_calls
    (shown,) = [event for event in events if isinstance(event, ToolCall)]
    (result,) = [event for event in events if isinstance(event, ToolResult)]
    assert (asked.name, asked.arguments, asked.tool_use_id) == ("look", {"cell": "a"}, shown.tool_use_id)
    assert (shown.name, shown.input) == ("mcp__notebook__look", {"cell": "a"})
    assert (result.text, result.is_error) == ("cell a", False)
    assert [image["data"] for image in result.images] == [PNG]
    assert end.text.startswith("cell a")
    assert not [event for event in events if isinstance(event, PermissionAsked)]
    sent = str(model.requests[-1].body["messages"])
    assert PNG in sent, "the model is to see the image itself"
    assert base64.b64decode(PNG).startswith(b"\x89PNG")


async def test_a_call_survives_the_loss_of_its_host_and_an_interrupt_takes_it_back(tmp_path: Path) -> None:
    async with ScriptedModel(script(call("a"))) as model, running_runner(tmp_path) as rig:
        journal, session = Journal(), new_id()
        async with rig.host(model.url, journal) as host:
            assert (await host.open(session, host_tools=TOOLS)).ok
            turn_id = await host.prompt(session, "look")
            await host.until(lambda: len(host.tool_calls) == 1)
            first = host.tool_calls[0]
        async with rig.host(model.url, journal) as host:
            await host.until(lambda: len(host.tool_calls) == 1)
            assert host.tool_calls[0] == first
            await host.send(answer(first))
            end = await journal.event(TurnEnded, turn_id)
            assert end.text.startswith("cell a")
            turn_id = await host.prompt(session, "look again")
            await host.until(lambda: len(host.tool_calls) == 2)
            await host.send(Interrupt(session_id=session))
            end = await journal.event(TurnEnded, turn_id)
            await host.until(lambda: len(host.tool_cancels) == 1)
            assert (end.status, host.tool_cancels) == ("interrupted", [host.tool_calls[1].request_id])


async def test_what_is_wrong_with_a_call_is_an_answer_and_many_go_side_by_side(tmp_path: Path) -> None:
    wrong = {"tools": [{"name": "mcp__notebook__look", "input": {"sell": "a"}}]}
    many = call(*[str(number) for number in range(8)])
    async with one_session(tmp_path, script(wrong, many), host_tools=TOOLS) as (_model, _rig, host, session):
        host.tool = lambda _: None if len(host.tool_calls) < 8 else _answer_all(host)
        end, events = await host.turn(session, "look")
    results = [event for event in events if isinstance(event, ToolResult)]
    assert end.status == "completed"
    assert results[0].is_error
    assert "required" in results[0].text
    assert sorted(int(result.text.removeprefix("cell ")) for result in results[1:]) == list(range(8))


async def test_what_no_frame_could_carry_is_refused_inside_and_the_rest_waits_its_turn() -> None:
    sent: list[Any] = []
    tools = HostTools(lambda frame: sent.append(frame) is None)
    refused = await tools.call("s", "t", "", "look", {"cell": "x" * 5_000_000})
    assert refused.is_error
    assert not sent
    async with anyio.create_task_group() as tasks:
        for number in range(MAX_TOOL_CALLS + 4):
            tasks.start_soon(tools.call, "s", "t", "", "look", {"cell": str(number)})
        await anyio.wait_all_tasks_blocked()
        assert len(sent) == MAX_TOOL_CALLS
        tools.give_up("s")
        await anyio.wait_all_tasks_blocked()
        assert len([frame for frame in sent if isinstance(frame, HostToolCall)]) == MAX_TOOL_CALLS + 4
        tools.give_up("s")
    assert len([frame for frame in sent if isinstance(frame, HostToolCancel)]) == MAX_TOOL_CALLS + 4


def _answer_all(host: Host) -> HostToolAnswer:
    open_calls, host.tool = list(host.tool_calls), answer

    async def send() -> None:
        for frame in open_calls[:-1]:
            await host.send(answer(frame))

    host.later(send)
    return answer(open_calls[-1])


@pytest.mark.full
@pytest.mark.timeout(400)
async def test_nothing_times_out_at_two_minutes(tmp_path: Path) -> None:
    async with one_session(tmp_path, script(call("a")), host_tools=TOOLS) as (_model, _rig, host, session):
        turn_id = await host.prompt(session, "look")
        await host.until(lambda: len(host.tool_calls) == 1)
        await anyio.sleep(150)
        assert not [event for event in host.journal.events(turn_id) if isinstance(event, ToolResult)]
        await host.send(answer(host.tool_calls[0]))
        end = await host.journal.event(TurnEnded, turn_id)
    assert end.text.startswith("cell a")
