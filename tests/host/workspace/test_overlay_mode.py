"""The overlay flavour under a real mount, as the docker provider's volume makes one."""

# ruff: noqa: ASYNC240, PTH208 - the sandbox is played by blocking calls, one at a time

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from workspace_rig import refused, told

from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace import Collected, Workspace
from jupyter_agent_host.sandbox.spec import OverlayWorkspace, ProviderReport

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting an overlay needs root"),
]
TOO_BIG_TO_COPY = WorkspaceSettings(max_copy_files=1)


def report() -> ProviderReport:
    return ProviderReport("test", available=True, reason="", overlay=True, file_owner=(0, 0))


@contextmanager
def mounted(mount: OverlayWorkspace, place: Path) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    layers = f"lowerdir={mount.lower},upperdir={mount.upper},workdir={mount.work}"
    made = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, place], check=False, capture_output=True)
    if made.returncode:
        pytest.skip(f"no overlay can be mounted here: {made.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.fixture
async def workspace(make: Any) -> Workspace:
    made: Workspace = make(TOO_BIG_TO_COPY, report())
    return made


@pytest.fixture
async def box(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Path]:
    mount = await workspace.prepare()
    assert isinstance(mount, OverlayWorkspace)
    with mounted(mount, tmp_path / "box") as place:
        yield place


async def test_writes_come_out_and_secrets_are_hidden(workspace: Workspace, box: Path, folder: Path) -> None:
    assert workspace.mode == "sync"
    assert workspace.masked == (".env",)
    assert not (box / ".env").exists()
    assert sorted(path.name for path in box.iterdir()) == ["data", "nb.ipynb", "sales.csv"]
    (box / "answer.txt").write_text("may")
    (box / "data" / "more.csv").write_text("changed")
    (box / ".env").write_text("mine")
    collected = await workspace.collect()
    assert told(collected) == {"answer.txt": "created", "data/more.csv": "modified"}
    assert list(refused(collected)) == [".env"]
    assert (folder / "data" / "more.csv").read_text() == "changed"
    assert (folder / ".env").read_text() == "TOKEN=secret\n"
    (box / "sales.csv").touch()
    assert not (await workspace.collect()).files


async def test_the_persons_later_edit_of_the_agents_file_is_seen(workspace: Workspace, box: Path, folder: Path) -> None:
    (box / "answer.txt").write_text("may")
    await workspace.collect()
    (folder / "answer.new").write_text("june, rather")
    (folder / "answer.new").rename(folder / "answer.txt")
    await workspace.refresh()
    assert (box / "answer.txt").read_text() == "june, rather"
    assert await workspace.collect() == Collected()
    (box / "answer.txt").write_text("july")
    assert told(await workspace.collect()) == {"answer.txt": "modified"}
    assert (folder / "answer.txt").read_text() == "july"


async def test_a_conflict_lasts_over_turns_until_granted(workspace: Workspace, box: Path, folder: Path) -> None:
    await workspace.refresh()
    (box / "sales.csv").write_text("the agent's")
    (folder / "sales.csv").write_text("the person's")
    assert list(refused(await workspace.collect())) == ["sales.csv"]
    await workspace.refresh()
    assert [item.path for item in (await workspace.collect()).all_refused] == ["sales.csv"]
    assert (folder / "sales.csv").read_text() == "the person's"
    workspace.grant("*.csv")
    assert told(await workspace.collect()) == {"sales.csv": "modified"}


async def test_deletions(workspace: Workspace, box: Path, folder: Path) -> None:
    (box / "mine.txt").write_text("x")
    await workspace.collect()
    (box / "mine.txt").unlink()
    (box / "sales.csv").unlink()
    (box / "data" / "more.csv").unlink()
    (box / "data").rmdir()
    collected = await workspace.collect()
    assert told(collected) == {"mine.txt": "deleted"}
    assert list(refused(collected)) == ["data/", "sales.csv"]
    workspace.grant("data/**")
    assert told(await workspace.collect()) == {"data/more.csv": "deleted"}
    assert sorted(os.listdir(folder)) == [".env", "nb.ipynb", "sales.csv"]


async def test_a_folder_made_anew_hides_what_was_in_it(workspace: Workspace, box: Path, folder: Path) -> None:
    (box / "data" / "more.csv").unlink()
    (box / "data").rmdir()
    (box / "data").mkdir()
    (box / "data" / "fresh.csv").write_text("x")
    collected = await workspace.collect()
    assert told(collected) == {"data/fresh.csv": "created"}
    assert list(refused(collected)) == ["data/more.csv"]
    assert (folder / "data" / "more.csv").exists()


async def test_a_folder_in_place_of_a_link_tells_nothing_of_where_the_link_led(
    make: Any, folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep" / "name-of-a-client.txt").write_text("private")
    (folder / "shortcut").symlink_to(elsewhere)
    workspace = make(TOO_BIG_TO_COPY, report())
    mount = await workspace.prepare()
    with mounted(mount, tmp_path / "box") as box:
        (box / "shortcut").unlink()
        (box / "shortcut" / "deep").mkdir(parents=True)
        os.setxattr(box / "shortcut" / "deep", "user.overlay.opaque", b"y")
        collected = await workspace.collect()
    assert not [path for path in refused(collected) if path.startswith("shortcut/deep/")]


async def test_a_restarted_host_goes_on(make: Any, workspace: Workspace, box: Path, folder: Path) -> None:
    (box / "conftest.py").write_text("import os")
    (box / "a.txt").write_text("a")
    await workspace.collect()
    second = make(TOO_BIG_TO_COPY, report())
    await second.prepare()
    (box / "a.txt").unlink()
    collected = await second.collect()
    assert told(collected) == {"a.txt": "deleted"}
    assert list(refused(collected)) == ["conftest.py"]
    assert (box / "conftest.py").exists()


async def test_a_small_folder_is_copied_and_state_of_another_flavour_is_kept_aside(
    make: Any, folder: Path, state: Path, tmp_path: Path
) -> None:
    layered = make(TOO_BIG_TO_COPY, report())
    mount = await layered.prepare()
    (mount.upper / "kept.pem").write_text("x")
    copied = make()
    await copied.prepare()
    assert [path.name for path in state.glob("earlier-*/upper/kept.pem")] == ["kept.pem"]
    small = make(WorkspaceSettings(), report())
    assert not isinstance(await small.prepare(), OverlayWorkspace)


async def test_whoever_may_not_write_through_an_overlay_gets_a_copy(make: Any) -> None:
    foreign = ProviderReport("test", available=True, reason="", overlay=True, file_owner=(1000, 1000))
    workspace = make(WorkspaceSettings(), foreign)
    mount = await workspace.prepare()
    assert mount.source.stat().st_uid == 1000
    assert (mount.source / "data" / "more.csv").stat().st_uid == 1000


@contextmanager
def somebody() -> Iterator[None]:
    """The host, and what it does in threads, is the user 1000 meanwhile."""
    os.setegid(1000)
    os.seteuid(1000)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def run_inside(box: Path, script: str) -> None:
    """What a container of a host without privileges does: its user is the person's, the mount is root's."""
    drop = ("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--inh-caps=-all")
    subprocess.run([*drop, "sh", "-c", f"umask 077; {script}"], cwd=box, check=True)


async def test_a_host_without_privileges_reads_what_its_sandbox_wrote(make: Any, folder: Path, state: Path) -> None:
    base = folder.parent
    for above in (base, *base.parents):
        if above.is_relative_to(tempfile.gettempdir()) and above != Path(tempfile.gettempdir()):
            above.chmod(0o755)
    for place in (base, folder, *folder.rglob("*")):
        os.chown(place, 1000, 1000)
    with somebody():
        workspace = make(
            TOO_BIG_TO_COPY, ProviderReport("test", available=True, reason="", overlay=True, file_owner=(1000, 1000))
        )
        mount = await workspace.prepare()
    with mounted(mount, base / "box") as box:
        run_inside(box, "ls -A; test ! -e .env; echo may > answer.txt; echo x >> sales.csv; rm -r data; mkdir data")
        run_inside(box, "echo y > data/y.csv; rm nb.ipynb")
        with somebody():
            collected = await workspace.collect()
            assert told(collected) == {"answer.txt": "created", "data/y.csv": "created", "sales.csv": "modified"}
            assert list(refused(collected)) == ["nb.ipynb"]
            assert sorted(os.listdir(folder / "data")) == ["more.csv", "y.csv"]
            assert (folder / "answer.txt").stat().st_uid == 1000
            (folder / "answer.txt").write_text("june")
            await workspace.refresh()
        run_inside(box, "grep -q june answer.txt")
    with somebody():
        await workspace.discard()
    assert [str(path.relative_to(state)) for path in state.rglob("*") if path.parent.name != "work"] == ["work"]
