"""A turn that waits for a person costs no sandbox, and survives the server."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from house import House, OpenHouse, Talk

from jupyter_agent_host.protocol.events import PermissionAsked, PermissionSettled, SandboxState, ToolCall, ToolResult
from jupyter_agent_host.protocol.host_api import AnswerRequest, Simple

pytestmark = pytest.mark.anyio

CALL = {"name": "Bash", "input": {"command": "echo 1 > made.txt"}}
SCRIPT = {
    "rules": [
        {
            "when": {"prompt": "the person has decided"},
            "steps": [{"tools": [CALL]}, {"say": "After the wait: {last_tool_result}"}],
        },
        {"when": {"prompt": "work"}, "steps": [{"tools": [CALL]}, {"say": "Result: {last_tool_result}"}]},
    ],
    "otherwise": {"say": "Scripted: {prompt}"},
}
ASKING: dict[str, Any] = {"script": SCRIPT, "permission_mode": "default"}


async def parked(house: House, talk: Talk) -> str:
    """Wait until the turn's question is open and its sandbox is gone; the question's id."""
    asked = ""
    with anyio.fail_after(60):
        async for record in house.events(talk):
            if isinstance(record.event, PermissionAsked):
                asked = record.event.request_id
            if isinstance(record.event, SandboxState) and record.event.state == "stopped":
                break
    info = await house.info()
    assert (info.state, info.pending_permissions) == ("stopped", (asked,))
    return asked


def answer(request_id: str, decision: Any, message: str = "") -> AnswerRequest:
    return AnswerRequest(request_id=request_id, decision=decision, message=message)


async def test_a_question_outlives_its_sandbox_and_the_very_call_goes_through(open_house: OpenHouse) -> None:
    async with open_house(**ASKING, idle_timeout=1) as house:
        talk = await house.begin("work")
        asked = await parked(house, talk)
        assert not house.manager.current_activity()
        assert (await house.do("answer", answer(asked, "allow"))).ok
        await house.finish(talk)
        assert talk.ended.status == "completed"
        assert talk.ended.text.startswith("After the wait")
        assert house.notebook.with_name("made.txt").exists()
        assert "allowed. Make this very call again" in house.last_messages()
        assert {event.decision for event in talk.of(PermissionSettled)} == {"allow"}
        assert len(talk.of(ToolCall)) == len(talk.of(ToolResult)) == 2  # the call that was cut off was closed, too
        assert (await house.info()).pending_permissions == ()


async def test_a_no_after_the_wait_is_told_to_the_agent(open_house: OpenHouse) -> None:
    async with open_house(**ASKING, idle_timeout=1) as house:
        talk = await house.begin("work")
        await house.do("answer", answer(await parked(house, talk), "deny", "use the other file"))
        await house.finish(talk)
        assert talk.ended.status == "completed"
        assert "use the other file" in house.last_messages()
        assert not house.notebook.with_name("made.txt").exists()


async def test_the_server_goes_down_in_order_and_the_question_is_still_there(open_house: OpenHouse) -> None:
    async with open_house(**ASKING) as house:
        talk = await house.begin("work")
        async for record in house.events(talk):
            if isinstance(record.event, PermissionAsked):
                asked = record.event.request_id
                break
    async with open_house(**ASKING) as house:
        assert (await house.info()).pending_permissions == (asked,)
        await house.do("answer", answer(asked, "allow"))
        await house.finish(talk)
        assert talk.ended.status == "completed"
        assert house.notebook.with_name("made.txt").exists()


async def test_a_parked_turn_can_be_interrupted_and_the_next_prompt_goes_on(open_house: OpenHouse) -> None:
    async with open_house(**ASKING, idle_timeout=1) as house:
        talk = await house.begin("work")
        await parked(house, talk)
        assert (await house.do("interrupt", Simple())).ok
        await house.finish(talk)
        assert talk.ended.status == "interrupted"
        assert (await house.info()).pending_permissions == ()
        assert (await house.ask("hello")).ended.text == "Scripted: hello"
