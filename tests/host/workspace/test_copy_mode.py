"""The copy flavour, with the real file system: what goes in, what comes out, and what stays."""

# ruff: noqa: ASYNC240 - the sandbox is played by blocking calls, one at a time

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from workspace_rig import inside, refused, told

from jupyter_agent_host.errors import WorkspaceError
from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace import Collected

pytestmark = pytest.mark.anyio


async def test_what_the_agent_writes_lands_beside_the_notebook(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    assert (workspace.mode, workspace.note, workspace.masked) == ("sync", "", (".env",))
    assert (box / "sales.csv").read_text() == "month,revenue\nmay,3\n"
    assert not (box / ".env").exists()
    (box / "answer.txt").write_text("may")
    (box / "out" / "deep").mkdir(parents=True)
    (box / "out" / "deep" / "plot.svg").write_text("<svg/>")
    (box / "sales.csv").write_text("month,revenue\nmay,4\n")
    collected = await workspace.collect()
    assert told(collected) == {"answer.txt": "created", "out/deep/plot.svg": "created", "sales.csv": "modified"}
    assert not collected.refused
    assert (folder / "answer.txt").read_text() == "may"
    assert (folder / "sales.csv").read_text() == "month,revenue\nmay,4\n"
    assert await workspace.collect() == Collected()


async def test_the_persons_edits_reach_the_agent_before_the_next_turn(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    (box / "answer.txt").write_text("may")
    await workspace.collect()
    (folder / "answer.txt").write_text("june, rather")
    (folder / "new.csv").write_text("x")
    (folder / "data" / "more.csv").unlink()
    await workspace.refresh()
    assert (box / "answer.txt").read_text() == "june, rather"
    assert (box / "new.csv").read_text() == "x"
    assert not (box / "data" / "more.csv").exists()
    assert await workspace.collect() == Collected()


async def test_a_file_that_both_changed_stays_inside_until_granted(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    (box / "sales.csv").write_text("the agent's")
    (folder / "sales.csv").write_text("the person's")
    assert refused(await workspace.collect()) == {"sales.csv": "you changed it after the agent saw it"}
    await workspace.refresh()
    assert (box / "sales.csv").read_text() == "the agent's"
    again = await workspace.collect()
    assert not again.refused
    assert [item.path for item in again.all_refused] == ["sales.csv"]
    assert (folder / "sales.csv").read_text() == "the person's"
    workspace.grant("sales.csv")
    assert told(await workspace.collect()) == {"sales.csv": "modified"}
    assert (folder / "sales.csv").read_text() == "the agent's"


async def test_deleting_the_persons_files_asks_and_its_own_does_not(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    (box / "tmp").mkdir()
    (box / "tmp" / "scratch.txt").write_text("x")
    await workspace.collect()
    (box / "tmp" / "scratch.txt").unlink()
    (box / "tmp").rmdir()
    (box / "sales.csv").unlink()
    (box / "data" / "more.csv").unlink()
    (box / "data").rmdir()
    collected = await workspace.collect()
    assert told(collected) == {"tmp/scratch.txt": "deleted"}
    assert not (folder / "tmp").exists()
    assert refused(collected) == {
        "data/": "it was deleted inside, and it is yours",
        "sales.csv": "it was deleted inside, and it is yours",
    }
    workspace.grant("data/")
    assert told(await workspace.collect()) == {"data/more.csv": "deleted"}
    assert not (folder / "data").exists()
    assert (folder / "sales.csv").exists()


async def test_a_restarted_host_goes_on(make: Any, folder: Path) -> None:
    first = make()
    box = await inside(first)
    (box / "conftest.py").write_text("import os")
    (box / "a.txt").write_text("a")
    await first.collect()
    (box / "b.txt").write_text("b")
    second = make()
    assert await inside(second) == box
    collected = await second.collect()
    assert told(collected) == {"b.txt": "created"}
    assert refused(collected) == {"conftest.py": "pytest runs it"}
    (box / "a.txt").unlink()
    assert told(await second.collect()) == {"a.txt": "deleted"}
    assert not (folder / "a.txt").exists()


async def test_modes_are_the_persons_and_setuid_is_dropped(make: Any, folder: Path) -> None:
    (folder / "sales.csv").chmod(0o640)
    workspace = make()
    box = await inside(workspace)
    (box / "sales.csv").write_text("new")
    (box / "sales.csv").chmod(0o4777)
    (box / "run.sh").write_text("#!/bin/sh\n")
    (box / "run.sh").chmod(0o4755)
    await workspace.collect()
    assert (folder / "sales.csv").stat().st_mode & 0o7777 == 0o640
    assert (folder / "run.sh").stat().st_mode & 0o7111 == 0o111 & ~_umask()
    (box / "run.sh").chmod(0o644)
    await workspace.collect()
    assert (folder / "run.sh").stat().st_mode & 0o7111 == 0


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


async def test_one_turn_copies_out_no_more_than_the_limit(make: Any, folder: Path) -> None:
    workspace = make(WorkspaceSettings(max_sync_bytes=1024**2))
    box = await inside(workspace)
    (box / "a.bin").write_bytes(b"a" * 700_000)
    (box / "b.bin").write_bytes(b"b" * 700_000)
    with (box / "huge.bin").open("wb") as sparse:
        sparse.truncate(10 * 1024**4)
    collected = await workspace.collect()
    assert told(collected) == {"a.bin": "created"}
    assert refused(collected)["b.bin"] == "one turn may copy out 1.0 MiB, and that is used up; the next turn goes on"
    assert "larger than one turn may copy out" in refused(collected)["huge.bin"]
    await workspace.refresh()
    assert told(await workspace.collect()) == {"b.bin": "created"}
    assert (folder / "b.bin").read_bytes() == b"b" * 700_000


async def test_of_a_folder_too_big_to_copy_the_plain_files_are_shown_and_what_is_made_waits(
    make: Any, folder: Path
) -> None:
    workspace = make(WorkspaceSettings(max_copy_bytes=24))
    box = await inside(workspace)
    assert (workspace.mode, workspace.restricted) == ("review", True)
    assert "more than AgentHost.max_copy_size" in workspace.note
    assert "%agent folder PATH" in workspace.note
    assert sorted(path.name for path in box.iterdir()) == ["nb.ipynb", "sales.csv"]
    (box / "answer.txt").write_text("stays")
    collected = await workspace.collect()
    assert [item.path for item in collected.waiting] == ["answer.txt"]
    assert not (folder / "answer.txt").exists()
    assert await inside(workspace) == box
    assert (box / "answer.txt").read_text() == "stays"
    await workspace.accept({"answer.txt": collected.waiting[0].stamp})
    assert (folder / "answer.txt").read_text() == "stays"


async def test_names_from_all_over_the_world_pass_and_broken_ones_do_not(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    for name in ("日本語 ß.txt", "e\u0301.txt", "👩‍🔬.txt", "a b'\"$;.txt"):
        (box / name).write_text(name)
    (box / "line\nbreak.txt").write_text("x")
    (box / "\u202egpj.exe").write_text("x")
    Path(os.fsdecode(os.fsencode(box) + b"/\xff\xfe.txt")).write_text("x")
    collected = await workspace.collect()
    assert len(told(collected)) == 4
    assert refused(collected) == {
        "line\\nbreak.txt": "its name holds control characters",
        "\\u202egpj.exe": "its name holds control characters",
        "\\udcff\\udcfe.txt": "its name is not valid UTF-8",
    }
    assert (folder / "日本語 ß.txt").exists()
    assert sorted(path.name for path in folder.iterdir() if "break" in path.name) == []


async def test_discard_removes_private_state_alone(make: Any, folder: Path, state: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    (box / "locked").mkdir()
    (box / "locked" / "x").write_text("x")
    (box / "locked").chmod(0)
    await workspace.discard()
    assert not state.exists()
    assert (folder / "sales.csv").exists()
    await workspace.discard()


async def test_a_folder_that_is_gone_is_an_error_and_nothing_is_lost(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    (box / "answer.txt").write_text("x")
    folder.rename(folder.with_name("moved"))
    with pytest.raises(WorkspaceError, match="No such file"):
        await workspace.collect()
    folder.with_name("moved").rename(folder)
    assert told(await workspace.collect()) == {"answer.txt": "created"}
