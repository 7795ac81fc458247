"""The real agent goes on from what a notebook holds; only the model's words are scripted."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ResultMessage
from store_samples import META, SESSION, TurnChunkSource, recorded, turns

from jupyter_agent_host.scripted_model import ScriptedModel
from jupyter_agent_host.store.envelope.compaction import candidates
from jupyter_agent_host.store.envelope.envelope import adoption, build_envelope, read_envelope, transcript_of
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.new_items import NewEntries
from jupyter_agent_host.store.journal.sdk_session_store import JournalSessionStore

pytestmark = pytest.mark.anyio

SCRIPT = {"otherwise": {"say": "{turns} earlier prompts; the first: {recall:1}"}}


def conversation() -> list[TurnChunkSource]:
    return [
        dataclasses.replace(source, entries=entries) for source, entries in zip(turns(4), recorded()[1], strict=True)
    ]


class _Elsewhere(JournalSessionStore):
    """The SDK names a project by its working folder; in a sandbox that is always the same one."""

    async def load(self, key: dict[str, Any]) -> list[dict[str, Any]] | None:
        return await super().load({**key, "project_key": "-workspace"})

    async def list_subkeys(self, key: dict[str, Any]) -> list[str]:
        return await super().list_subkeys({**key, "project_key": "-workspace"})


async def ask(journal: Journal, folder: Path, prompt: str, session_id: str = SESSION) -> tuple[str, str]:
    """(the agent's answer, what the model was sent)."""
    async with ScriptedModel(SCRIPT) as model:
        options = ClaudeAgentOptions(
            cwd=folder,
            resume=session_id,
            session_store=_Elsewhere(journal),
            session_store_flush="eager",
            setting_sources=[],
            strict_mcp_config=True,
            skills=[],
            system_prompt={"type": "custom", "prompt": "Be short.", "snapshot": False},
            env={
                "ANTHROPIC_BASE_URL": model.url,
                "ANTHROPIC_API_KEY": "placeholder",
                "CLAUDE_CONFIG_DIR": str(folder / "config"),
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
            },
        )
        async with ClaudeSDKClient(options) as client:
            await client.query(prompt)
            answers = [m.result async for m in client.receive_response() if isinstance(m, ResultMessage)]
        return str(answers[-1]), json.dumps(model.messages[-1].body["messages"])


def smaller(kept_turns: int) -> list[TurnChunkSource]:
    """The conversation as compaction leaves it when so many turns keep their transcript."""
    return next(c for c in candidates(conversation()) if sum(bool(turn.entries) for turn in c) == kept_turns)


async def saved_and_resumed(journal: Journal, folder: Path, kept: list[TurnChunkSource], save_state: Any) -> str:
    made = build_envelope(META, kept, previous=None, save_state=save_state, max_bytes=2**21, keys=[])
    saved = read_envelope(json.loads(json.dumps(made)))
    await journal.write([NewEntries(SESSION, subpath, (entry,)) for subpath, entry in transcript_of(saved)])
    answer, sent = await ask(journal, folder, "what did I ask?")
    assert "and a leap year?" in sent
    assert ("\\n299\\n300" in sent) == (save_state == "full" and kept == conversation())
    return answer


@pytest.mark.parametrize("save_state", ["full", "no_tool_output"])
async def test_it_recalls_every_turn(journal: Journal, tmp_path: Path, save_state: str) -> None:
    answer = await saved_and_resumed(journal, tmp_path, conversation(), save_state)
    assert answer == "4 earlier prompts; the first: remember the word plum"


async def test_it_goes_on_under_a_fresh_session_id(journal: Journal, tmp_path: Path) -> None:
    """What a copy, or a stranger's notebook, is taken over under: the entries still name the session they came from."""
    fresh = "0f0d07ec-6b47-49b3-8b10-63246177b29c"
    made = build_envelope(META, conversation(), previous=None, save_state="full", max_bytes=2**21, keys=[])
    await journal.write(adoption(read_envelope(made), notebook_id="n", session_id=fresh))
    answer, _ = await ask(journal, tmp_path, "what did I ask?", session_id=fresh)
    assert answer == "4 earlier prompts; the first: remember the word plum"


@pytest.mark.parametrize(("turns_kept", "first"), [(2, "count to 300"), (1, "and a leap year?")])
async def test_after_compaction_it_recalls_the_newest_turns(
    journal: Journal, tmp_path: Path, turns_kept: int, first: str
) -> None:
    answer = await saved_and_resumed(journal, tmp_path, smaller(turns_kept), "full")
    assert answer == f"{turns_kept} earlier prompts; the first: {first}"
