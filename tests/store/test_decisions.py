"""Checkpoints and grants: kept in order, decided item by item, dropped without being forgotten."""

from __future__ import annotations

from pathlib import Path

import anyio

from jupyter_agent_host.store.journal.checkpoint_store import Decisions
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import CheckpointItemRow, CheckpointRow, PermissionGrantRow


def _checkpoint(turn_id: str, *items: CheckpointItemRow) -> CheckpointRow:
    return CheckpointRow(notebook_id="n", turn_id=turn_id, session_id="s", time=1.0, items=items)


def test_a_checkpoint_grows_is_decided_and_dropped(tmp_path: Path) -> None:
    cell = CheckpointItemRow("cell", "c1", size_bytes=5, before=b"1", after=b"2")
    file = CheckpointItemRow("file", "a.txt", size_bytes=7, after=b"3")

    async def story() -> None:
        async with await Journal.open(tmp_path / "j.sqlite") as journal:
            store = Decisions(journal)
            await store.put_items(_checkpoint("t1", cell))
            await store.put_items(_checkpoint("t1", file))
            await store.put_items(_checkpoint("t2", cell))
            first, second = await store.checkpoints("n")
            assert first.items == (cell, file)
            assert first.size_bytes == 12
            assert second.items == (cell,)

            await store.set_states("n", "t1", [("file", "a.txt")], "rejected")
            assert [(item.kind, item.key) for item in await store.take_untold("n")] == [("file", "a.txt")]
            assert await store.take_untold("n") == []

            await store.drop_content("n", "t1", "too old")
            (dropped,) = await store.checkpoints("n", "t1")
            assert dropped.dropped == "too old"
            assert [(item.key, item.state, item.before, item.after) for item in dropped.items] == [
                ("c1", "open", None, None),
                ("a.txt", "rejected", None, None),
            ]
            await store.drop_items("n", "t2", [("cell", "c1")])
            assert await store.checkpoints("n", "t2") == []

    anyio.run(story)


def test_grants_are_listed_and_revoked(tmp_path: Path) -> None:
    rows = [
        PermissionGrantRow("n", tool, risk, 1.0, "ada") for tool, risk in (("run_code", "shell"), ("edit_cell", ""))
    ]

    async def story() -> None:
        async with await Journal.open(tmp_path / "j.sqlite") as journal:
            store = Decisions(journal)
            await store.put_grants(rows)
            await store.put_grants(rows)
            assert sorted(row.tool for row in await store.grants("n")) == ["edit_cell", "run_code"]
            assert await store.grants("other") == []
            assert await store.revoke_grants("n", "run_code", "network") == 0
            assert await store.revoke_grants("n", "run_code") == 1
            assert await store.revoke_grants("n") == 1
            assert await store.grants("n") == []

    anyio.run(story)
