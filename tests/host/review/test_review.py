"""Turns that changed files, reviewed as a person would: listed, shown, undone, waited for, told to the agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from house import House, OpenHouse

from jupyter_agent_host.errors import ConfigError, ReviewError
from jupyter_agent_host.host.settings import ReviewSettings, WorkspaceSettings
from jupyter_agent_host.protocol.events import FilesChanged, ReviewChanged
from jupyter_agent_host.protocol.review_api import (
    Decided,
    DecideRequest,
    DiffRequest,
    ItemRef,
    NotebookModeInfo,
    NotebookModeRequest,
    ReviewDiff,
    ReviewList,
    ReviewRequest,
)

pytestmark = pytest.mark.anyio

COMMAND = "printf 'a,b\\n9,2\\n3,4\\n' > data.csv; echo hi > new.txt; rm old.txt 2>/dev/null; echo x > conftest.py"
SCRIPT = {
    "name": "review tests",
    "rules": [
        {"when": {"prompt": "change files"}, "steps": [{"tools": [{"name": "Bash", "input": {"command": COMMAND}}]}]},
        {
            "when": {"prompt": "go on"},
            "steps": [{"tools": [{"name": "Bash", "input": {"command": "echo more >> new.txt; cat data.csv"}}]}],
        },
    ],
    "otherwise": {"say": "Scripted: {prompt}"},
}


async def listed(house: House) -> ReviewList:
    answer = await house.manager.call(house.ref(), "review", ReviewRequest())
    assert isinstance(answer, ReviewList)
    return answer


async def decide(house: House, verb: str, keys: Sequence[str] = (), **options: Any) -> Decided:
    items = tuple(ItemRef(key=key) for key in keys)
    answer = await house.manager.call(house.ref(), verb, DecideRequest(items=items, **options))
    assert isinstance(answer, Decided)
    return answer


async def shown(house: House, key: str) -> ReviewDiff:
    answer = await house.manager.call(house.ref(), "review_diff", DiffRequest(key=key))
    assert isinstance(answer, ReviewDiff)
    return answer


def states(answer: ReviewList) -> list[dict[str, str]]:
    return [{item.key: f"{item.action} {item.state}" for item in turn.items} for turn in answer.turns]


async def test_a_turn_is_reviewed_undone_beside_the_persons_edits_and_told(open_house: OpenHouse) -> None:
    async with open_house(script=SCRIPT) as house:
        folder = house.notebook.parent
        (folder / "data.csv").write_text("a,b\n1,2\n3,4\n")
        talk = await house.ask("change files")
        assert [event.files for event in talk.of(FilesChanged)]
        (changed,) = talk.of(ReviewChanged)
        assert (changed.cells, changed.files, changed.open, changed.waiting) == (0, 3, 2, 1)
        review = await listed(house)
        assert review.turns[0].summary == "3 files changed"
        assert states(review) == [
            {"conftest.py": "changed waiting", "data.csv": "modified open", "new.txt": "created open"}
        ]
        assert (await shown(house, "data.csv")).diff.endswith(" a,b\n-1,2\n+9,2\n 3,4\n ")
        assert (await shown(house, "conftest.py")).after == "x\n"

        (folder / "data.csv").write_text("a,b\n9,2\n3,4\n5,6\n")
        (folder / "new.txt").write_text("mine\n")
        assert "+5,6" in (await shown(house, "data.csv")).since
        undone = await decide(house, "reject")
        assert not undone.ok
        assert [conflict.key for conflict in undone.conflicts] == ["new.txt"]
        assert (folder / "data.csv").read_text() == "a,b\n1,2\n3,4\n5,6\n"
        assert (folder / "new.txt").read_text() == "mine\n"
        assert (await decide(house, "reject", ["new.txt"], choice="mine")).ok
        assert states(await listed(house)) == [
            {"conftest.py": "changed rejected", "data.csv": "modified rejected", "new.txt": "created rejected"}
        ]
        with pytest.raises(ReviewError):
            await decide(house, "accept")

        await house.ask("go on")
        sent = house.last_messages()
        assert "rejected or undid" in sent
        assert "data.csv" in sent
        assert "5,6" in sent  # and the agent sees the file as it is now
        assert sent.count("rejected or undid") == 1
        second = (await listed(house)).turns[0]
        assert [item.key for item in second.items] == ["new.txt"]
        assert (await decide(house, "accept", turn_id=second.turn_id)).ok
        assert (await decide(house, "undo", turn_id=second.turn_id)).ok
        assert (folder / "new.txt").read_text() == "mine\n"


async def test_in_mode_review_nothing_arrives_unseen(open_house: OpenHouse) -> None:
    async with open_house(script=SCRIPT, workspace=WorkspaceSettings(mode="review")) as house:
        folder = house.notebook.parent
        (folder / "old.txt").write_text("old\n")
        await house.ask("change files")
        assert states(await listed(house)) == [
            {
                "conftest.py": "changed waiting",
                "data.csv": "changed waiting",
                "new.txt": "changed waiting",
                "old.txt": "deleted waiting",
            }
        ]
        assert not (folder / "data.csv").exists()
        assert (await shown(house, "data.csv")).before is None
        accepted = await decide(house, "accept", ["data.csv", "old.txt"])
        assert accepted.ok, accepted
        assert (folder / "data.csv").read_text() == "a,b\n9,2\n3,4\n"
        assert not (folder / "old.txt").exists()
        assert not (folder / "new.txt").exists()
        assert (await decide(house, "reject", ["new.txt"])).ok
        assert states(await listed(house))[0] == {
            "conftest.py": "changed waiting",
            "data.csv": "created accepted",
            "new.txt": "changed rejected",
            "old.txt": "deleted accepted",
        }
        assert (await decide(house, "undo", ["data.csv", "old.txt"])).ok
        assert not (folder / "data.csv").exists()
        assert (folder / "old.txt").read_text() == "old\n"
        await house.do("stop")
        assert (await decide(house, "accept", ["conftest.py"])).ok  # without a sandbox, too
        assert (folder / "conftest.py").read_text() == "x\n"


async def test_old_checkpoints_give_way_and_say_so(open_house: OpenHouse) -> None:
    async with open_house(script=SCRIPT, review=ReviewSettings(max_bytes=300)) as house:
        await house.ask("change files")
        await house.ask("go on")
        second, first = (await listed(house)).turns
        assert first.dropped == "newer checkpoints needed its room"
        assert second.dropped in ("", first.dropped)
        with pytest.raises(ReviewError, match="cannot be undone any more"):
            await decide(house, "undo", turn_id=first.turn_id)
        kept = list((house.manager.services.settings.data_dir / "checkpoints").rglob("*"))
        assert len([path for path in kept if path.is_file()]) <= 2


async def test_the_mode_is_picked_within_the_cap(open_house: OpenHouse) -> None:
    async with open_house(review=ReviewSettings(notebook_mode="auto", max_notebook_mode="ask_risky")) as house:
        told = await house.manager.call(house.ref(), "notebook_mode", NotebookModeRequest())
        assert isinstance(told, NotebookModeInfo)
        assert (told.mode, told.allowed) == ("ask_risky", ("ask", "ask_risky"))
        with pytest.raises(ConfigError, match="max_notebook_mode"):
            await house.manager.call(house.ref(), "notebook_mode", NotebookModeRequest(mode="auto"))
        await house.manager.call(house.ref(), "notebook_mode", NotebookModeRequest(mode="ask"))
        assert (await house.info()).notebook_mode == "ask"
