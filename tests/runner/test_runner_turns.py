"""Turns of the real CLI in a real runner: text, tools, resume, fork, interrupt, queue."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from runner_rig import Journal, running_runner, shown

from jupyter_agent_host.protocol.control import Interrupt
from jupyter_agent_host.protocol.events import TextDelta, ToolCall, ToolResult, TurnEnded
from jupyter_agent_host.testing.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio


def new_id() -> str:
    return str(uuid4())


async def test_a_turn_is_streamed_and_ends_with_its_cost(tmp_path: Path) -> None:
    async with ScriptedModel({"rules": [{"say": "Hello you there."}]}) as model, running_runner(tmp_path) as rig:
        async with rig.host(model.url) as host:
            session = new_id()
            reply = await host.open(session)
            assert reply.ok, reply.error
            end, events = await host.turn(session, "hi")
    assert (end.status, end.text, end.error) == ("completed", "Hello you there.", "")
    assert shown(events) == "Hello you there."
    assert any(isinstance(event, TextDelta) for event in events)
    assert end.usage.output_tokens > 0
    assert end.cost_usd > 0
    assert end.context_tokens > 0
    assert end.model == model.messages[0].body["model"]
