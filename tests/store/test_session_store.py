"""The SDK's own conformance suite, unchanged, on the journal."""

from __future__ import annotations

from pathlib import Path

import pytest
from claude_agent_sdk import fold_session_summary
from claude_agent_sdk.testing import run_session_store_conformance

from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.new_items import NewEntries
from jupyter_agent_host.store.journal.sdk_session_store import JournalSessionStore, SummarizingSessionStore

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("summaries", [False, True])
async def test_conformance(tmp_path: Path, *, summaries: bool) -> None:
    journals: list[Journal] = []

    async def make_store() -> JournalSessionStore:
        journals.append(await Journal.open(tmp_path / f"{len(journals)}" / "journal.sqlite"))
        if summaries:
            return SummarizingSessionStore(journals[-1], fold_session_summary)
        return JournalSessionStore(journals[-1])

    try:
        await run_session_store_conformance(make_store)
    finally:
        for journal in journals:
            await journal.aclose()
    assert len(journals) == (15 if summaries else 14), "a contract was skipped"


async def test_a_batch_sent_twice_is_stored_once(journal: Journal) -> None:
    store = JournalSessionStore(journal)
    key = {"project_key": "-workspace", "session_id": "s"}
    batch = [{"type": "user", "uuid": "a", "half": "\ud83d"}, {"type": "user", "uuid": "b", "big": 10**30}]
    await store.append(key, batch)
    await store.append(key, [*batch, {"type": "user", "uuid": "c"}])
    assert await store.load(key) == [*batch, {"type": "user", "uuid": "c"}]


async def test_it_holds_what_the_host_wrote(journal: Journal) -> None:
    await journal.write([NewEntries("s", "", (b'{"type":"user","n":1}',))])
    store = JournalSessionStore(journal)
    assert await store.load({"project_key": "-workspace", "session_id": "s"}) == [{"type": "user", "n": 1}]
