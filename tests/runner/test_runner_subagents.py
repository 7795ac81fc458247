"""Work that the agent hands on: subagents within the turn, background tasks whose news comes between turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from runner_rig import Journal, new_id, one_session, running_runner, shown

from jupyter_agent_host.protocol.control import Append
from jupyter_agent_host.protocol.events import ToolCall, ToolResult
from jupyter_agent_host.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio


def delegate(**more: Any) -> dict[str, Any]:
    given = {"description": "part", "prompt": "SUBTASK", "subagent_type": "general-purpose", **more}
    return {"tools": [{"name": "Agent", "input": given}]}


SUBTASK = {
    "when": {"prompt": "SUBTASK"},
    "steps": [{"tools": [{"name": "Bash", "input": {"command": "echo inner"}}]}, {"say": "part done"}],
}


async def test_a_subagents_work_belongs_to_the_turn_and_survives_in_the_transcript(tmp_path: Path) -> None:
    script = {
        "rules": [
            SUBTASK,
            {"when": {"prompt": "delegate"}, "steps": [delegate(), {"say": "All done."}]},
            {"say": "{turns}"},
        ]
    }
    journal, session = Journal(), new_id()
    (tmp_path / "b").mkdir()
    async with ScriptedModel(script) as model:
        async with running_runner(tmp_path) as rig, rig.host(model.url, journal) as host:
            await host.open(session)
            end, events = await host.turn(session, "delegate")
        async with running_runner(tmp_path / "b") as rig, rig.host(model.url) as host:
            assert await rig.upload(session, journal.transcript(session)) == 204
            reply = await host.open(session, mode="resume")
            assert reply.ok, reply.error
            after, _ = await host.turn(session, "next")
    assert end.status == "completed", end.error
    assert shown(events) == "All done."
    outer, inner = [event for event in events if isinstance(event, ToolCall)]
    assert inner.parent_tool_use_id == outer.tool_use_id
    results = {event.tool_use_id: event.text for event in events if isinstance(event, ToolResult)}
    assert results[inner.tool_use_id] == "inner"
    assert "part done" in results[outer.tool_use_id]
    subpaths = {item.item.subpath for item in journal.items if isinstance(item.item, Append)}
    assert any(subpath.startswith("subagents/") for subpath in subpaths)
    assert after.text == "1"


async def test_news_of_a_background_task_does_not_mix_with_the_next_prompt(tmp_path: Path) -> None:
    start = {"tools": [{"name": "Bash", "input": {"command": "sleep 4", "run_in_background": True}}]}
    slowly = {"say": "It runs on by itself now.", "delta_delay_seconds": 0.2}
    script = {"rules": [{"when": {"prompt": "mine"}, "say": "Yours."}, {"steps": [start, slowly]}]}
    async with one_session(tmp_path, script) as (_model, _rig, host, session):
        _, began = await host.turn(session, "begin")
        await host.until(lambda: host.statuses[-1][0].background_tasks == 1)
        await host.until(lambda: host.statuses[-1][0].background_tasks == 0)
        await host.until(lambda: host.statuses[-1][0].state == "working")
        end, events = await host.turn(session, "mine")
    assert (end.status, end.text) == ("completed", "Yours.")
    assert shown(events) == "Yours."
    assert shown(began) == shown(host.journal.events("")) == "It runs on by itself now."
