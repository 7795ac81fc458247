"""Files that wait for a review, in both flavours, and what the host keeps of files that it changes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from test_overlay_mode import mounted
from workspace_rig import refused, told

from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace import Workspace
from jupyter_agent_host.host.workspace.workspace_interface import Look, Waiting
from jupyter_agent_host.sandbox.spec import OverlayWorkspace, ProviderReport

pytestmark = pytest.mark.anyio
WAITS = "it waits for your review"


@pytest.fixture(params=["copy", "overlay"])
async def reviewed(request: Any, make: Any, tmp_path: Path) -> AsyncIterator[tuple[Workspace, Path]]:
    """A workspace of mode `review` and what its sandbox sees."""
    if request.param == "copy":
        workspace = make(WorkspaceSettings(mode="review"))
        yield workspace, (await workspace.prepare()).source
        return
    if os.geteuid() != 0:
        pytest.skip("mounting an overlay needs root")
    report = ProviderReport("test", available=True, reason="", overlay=True, file_owner=(0, 0))
    workspace = make(WorkspaceSettings(mode="review", max_copy_files=1), report)
    mount = await workspace.prepare()
    assert isinstance(mount, OverlayWorkspace)
    with mounted(mount, tmp_path / "box") as box:
        yield workspace, box


async def waiting(workspace: Workspace) -> dict[str, Waiting]:
    return {change.path: change for change in (await workspace.collect()).waiting}


async def test_nothing_leaves_before_it_is_accepted_and_then_only_what_was_seen(
    reviewed: tuple[Workspace, Path], folder: Path
) -> None:
    workspace, box = reviewed
    assert workspace.mode == "review"
    (box / "answer.txt").write_text("may")
    (box / "sales.csv").write_text("month,revenue\nmay,4\n")
    (box / "data" / "more.csv").unlink()
    collected = await workspace.collect()
    assert not collected.files
    assert refused(collected)["answer.txt"] == WAITS
    changes = {change.path: change for change in collected.waiting}
    assert set(changes) == {"answer.txt", "sales.csv", "data/more.csv"}
    assert not (folder / "answer.txt").exists()
    look = await workspace.look("sales.csv")
    assert look == Look(b"month,revenue\nmay,3\n", b"month,revenue\nmay,4\n")

    (box / "answer.txt").write_text("june, after you looked")
    accepted = await workspace.accept({path: change.stamp for path, change in changes.items()})
    assert told(accepted) == {"sales.csv": "modified", "data/more.csv": "deleted"}
    assert (folder / "sales.csv").read_text() == "month,revenue\nmay,4\n"
    assert not (folder / "data" / "more.csv").exists()
    assert not (folder / "answer.txt").exists()
    assert set(await waiting(workspace)) == {"answer.txt"}
    again = await workspace.accept({"answer.txt": (await waiting(workspace))["answer.txt"].stamp})
    assert told(again) == {"answer.txt": "created"}
    (box / "answer.txt").write_text("a second thought")
    assert set(await waiting(workspace)) == {"answer.txt"}  # what was accepted was one content, not the name


async def test_what_the_person_changed_meanwhile_is_replaced_only_on_their_word(
    reviewed: tuple[Workspace, Path], folder: Path
) -> None:
    workspace, box = reviewed
    (box / "sales.csv").write_text("the agent's")
    stamps = {path: change.stamp for path, change in (await waiting(workspace)).items()}
    (folder / "sales.csv").write_text("the person's")
    held = await workspace.accept(stamps)
    assert [change.reason for change in held.waiting] == ["you changed it after the agent saw it"]
    assert (folder / "sales.csv").read_text() == "the person's"
    await workspace.accept(stamps, over_mine=True)
    assert (folder / "sales.csv").read_text() == "the agent's"


async def test_what_is_rejected_is_gone_inside_too(make: Any, folder: Path) -> None:
    workspace = make(WorkspaceSettings(mode="review"))
    box = (await workspace.prepare()).source
    (box / "answer.txt").write_text("may")
    (box / "sales.csv").write_text("wrong")
    (box / "data" / "more.csv").unlink()
    await workspace.revert(list(await waiting(workspace)))
    assert not (box / "answer.txt").exists()
    assert (box / "sales.csv").read_text() == (folder / "sales.csv").read_text() == "month,revenue\nmay,3\n"
    assert (box / "data" / "more.csv").read_text() == "1,2\n"
    assert not await waiting(workspace)


async def test_a_guarded_file_waits_in_the_same_way(make: Any, folder: Path) -> None:
    workspace = make()
    box = (await workspace.prepare()).source
    (box / "conftest.py").write_text("x = 1\n")
    changes = await waiting(workspace)
    assert changes["conftest.py"].reason == "pytest runs it"
    await workspace.accept({"conftest.py": changes["conftest.py"].stamp})
    assert (folder / "conftest.py").read_text() == "x = 1\n"


async def test_what_a_file_was_is_kept_without_reading_it(make: Any, folder: Path, tmp_path: Path) -> None:
    before = (folder / "sales.csv").stat()
    os.link(folder / "data" / "more.csv", folder / "data" / "same.csv")
    workspace = make()
    box = (await workspace.prepare()).source
    (box / "sales.csv").write_text("a\n")
    (box / "data" / "more.csv").write_text("b\n")
    first = {kept.path: kept for kept in (await workspace.collect()).kept}
    (box / "sales.csv").write_text("c\n")
    second = {kept.path: kept for kept in (await workspace.collect()).kept}

    assert first["sales.csv"].after.is_same(second["sales.csv"].before), "nobody wrote it in between"
    old = tmp_path / "kept" / first["sales.csv"].before.blob
    assert old.read_text() == "month,revenue\nmay,3\n"
    assert old.stat().st_ino == before.st_ino
    copied = tmp_path / "kept" / first["data/more.csv"].before.blob
    assert copied.read_text() == "1,2\n"
    assert copied.stat().st_ino != (folder / "data" / "same.csv").stat().st_ino  # it could be written through that
    assert (tmp_path / "kept" / second["sales.csv"].before.blob).read_text() == "a\n"
    assert (tmp_path / "kept" / second["sales.csv"].after.blob).read_text() == "c\n"
