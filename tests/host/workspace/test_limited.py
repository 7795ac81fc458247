"""A workspace whose private layer has a limit: of its own file system, or watched by the host."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from workspace_rig import inside, told

from jupyter_agent_host.host.disk_quota import LayerLimits, Layers
from jupyter_agent_host.host.disk_quota.loop_volume import why_not
from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace import Workspace, WorkspaceRequest, plan_workspace
from jupyter_agent_host.sandbox.spec import BindWorkspace, ProviderReport

pytestmark = pytest.mark.anyio

MIB = 1024**2
LIMITS = LayerLimits(16 * MIB, 300)


def made(folder: Path, state: Path, layers: Layers, mode: str = "sync") -> Workspace:
    report = ProviderReport("test", available=True, reason="", file_owner=(os.geteuid(), os.getegid()))
    settings = WorkspaceSettings(mode=mode)  # type: ignore[arg-type]
    return plan_workspace(WorkspaceRequest(settings, folder, state, report, layers=layers))


def mounted(state: Path) -> bool:
    return os.path.ismount(state / "limited" / "v")


@pytest.fixture
async def limited(folder: Path, state: Path, tmp_path: Path) -> AsyncIterator[Workspace]:
    if reason := why_not(tmp_path):
        pytest.skip(f"no volumes here: {reason}")
    workspace = made(folder, state, Layers(tmp_path, LIMITS))
    yield workspace
    await workspace.release()
    assert not mounted(state)


async def test_the_copy_lies_in_a_file_system_of_its_own_until_it_is_released(limited: Workspace, state: Path) -> None:
    mount = await limited.prepare()
    assert isinstance(mount, BindWorkspace)
    assert mount.source == state / "limited" / "v" / "copy"
    assert "16 MiB and 300 files" in mount.limit
    assert (mount.source / "sales.csv").exists()
    assert not limited.watched
    (mount.source / "made.txt").write_text("made")
    assert told(await limited.collect()) == {"made.txt": "created"}
    await limited.release()
    assert not mount.source.exists()


async def test_what_waits_can_be_looked_at_without_a_sandbox(limited: Workspace, state: Path) -> None:
    place = await inside(limited)
    (place / "conftest.py").write_text("waits")
    await limited.collect()
    await limited.release()
    assert (await limited.look("conftest.py")).inside == b"waits"
    assert not mounted(state)
    assert (await inside(limited) / "conftest.py").read_text() == "waits"


async def test_a_full_layer_does_not_end_the_turn_in_which_the_agent_could_tidy_up(
    limited: Workspace, folder: Path
) -> None:
    place = await inside(limited)
    for number in range(400):
        try:
            (place / f"name-{number}").touch()
        except OSError:
            break
    (folder / "new.csv").write_text("1,2\n")
    await limited.refresh()
    assert "new.csv" in limited.note
    for path in place.glob("name-*"):
        path.unlink()
    await limited.refresh()
    assert (place / "new.csv").exists()


async def test_a_layer_that_is_lost_deletes_nothing_of_the_persons(
    limited: Workspace, folder: Path, state: Path
) -> None:
    await limited.prepare()
    await limited.release()
    (state / "limited" / "image").unlink()
    place = await inside(limited)
    assert (place / "sales.csv").exists()
    assert told(await limited.collect()) == {}
    assert (folder / "sales.csv").exists()


async def test_discarding_takes_mount_and_image_away(limited: Workspace, state: Path) -> None:
    await limited.prepare()
    await limited.discard()
    assert list(state.parent.glob(state.name)) == []


@pytest.mark.parametrize("mode", ["sync", "private"])
async def test_a_watched_layer_that_passes_its_limit_is_told_and_begins_anew(
    folder: Path, state: Path, tmp_path: Path, mode: str
) -> None:
    workspace = made(folder, state, Layers(tmp_path, LIMITS, "watch"), mode)
    place = await inside(workspace)
    assert workspace.watched
    assert await workspace.overfull() == ""
    (place / "kept.csv").write_text("kept")
    await workspace.collect()
    (place / "big").write_bytes(b"\xa5" * (17 * MIB))
    assert "16 MiB and 300 files" in await workspace.overfull()
    await workspace.release()
    place = await inside(workspace)
    assert not (place / "big").exists()
    assert "were removed" in workspace.note
    assert await workspace.overfull() == ""
    if mode == "sync":
        await workspace.collect()
        assert (folder / "kept.csv").read_text() == "kept"
        assert (place / "kept.csv").read_text() == "kept"
    await workspace.release()


async def test_a_layer_that_is_too_small_for_the_copy_says_so(folder: Path, state: Path, tmp_path: Path) -> None:
    (folder / "large.bin").write_bytes(b"\xa5" * (9 * MIB))
    workspace = made(folder, state, Layers(tmp_path, LIMITS, "watch"))
    await workspace.prepare()
    assert workspace.restricted
    assert "8 MiB" in workspace.note
    await workspace.release()
