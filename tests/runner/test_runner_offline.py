"""A foreign transcript, read by the runner's offline mode."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from runner_rig import Journal, running_runner

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.runner.offline_transcript import turns
from jupyter_agent_host.runner.sdk.outbox_session_store import decode_entries
from jupyter_agent_host.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio

OFFLINE = [sys.executable, "-m", "jupyter_agent_host.runner", "offline"]


async def test_the_turns_of_a_real_transcript(tmp_path: Path) -> None:
    call = {"say": "Looking.", "tools": [{"name": "Bash", "input": {"command": "echo hi"}}]}
    script = {"rules": [{"when": {"prompt": "look"}, "steps": [call, {"say": "Seen."}]}, {"say": "Hello."}]}
    journal, session = Journal(), str(uuid4())
    async with (
        ScriptedModel(script) as model,
        running_runner(tmp_path) as rig,
        rig.host(model.url, journal) as host,
    ):
        await host.open(session)
        await host.turn(session, "look here")
        await host.turn(session, "hi \U0001f40d")
    done = await anyio.run_process(OFFLINE, input=journal.transcript(session))
    turns = [json.loads(line) for line in done.stdout.splitlines()]
    assert [turn["prompt"] for turn in turns] == ["look here", "hi \U0001f40d"]
    assert [turn["text"] for turn in turns] == ["Looking.\n\nSeen.", "Hello."]
    assert [[called["name"] for called in turn["tools"]] for turn in turns] == [["Bash"], []]
    assert "echo hi" in turns[0]["tools"][0]["input"]
    assert turns[0]["time"].startswith("20")


async def test_hostile_transcripts_are_bounded_or_refused() -> None:
    entry = {
        "type": "user",
        "uuid": str(uuid4()),
        "parentUuid": None,
        "message": {"role": "user", "content": "x" * 1_000_000},
    }
    done = await anyio.run_process(OFFLINE, input=json.dumps({"subpath": "", "entry": entry}).encode())
    (turn,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(turn["prompt"]) == 16 * 1024
    done = await anyio.run_process(OFFLINE, input=b"nonsense", check=False)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("entry", ["[]", "3", '"text"', '{"type":"user","uuid":7,"message":[]}', '{"type":"user"}'])
async def test_entries_of_any_shape_are_no_turns(entry: str) -> None:
    assert await turns(decode_entries([entry.encode()])) == []


async def test_a_chain_that_cannot_be_followed_is_refused() -> None:
    entry = b'{"type":"user","uuid":"a","parentUuid":["b"],"message":{"role":"user","content":"c"}}'
    with pytest.raises(ProtocolError, match="cannot be read"):
        await turns(decode_entries([entry]))
