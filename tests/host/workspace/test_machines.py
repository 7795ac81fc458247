"""Folders that cannot be written, disks that are full, users that are not root, calls that are cancelled."""

# ruff: noqa: ASYNC221, ASYNC240 - the sandbox is played by blocking calls, one at a time

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from workspace_rig import inside, refused, told

from jupyter_agent_host.errors import WorkspaceError
from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace import Collected, WorkspaceRequest, plan_workspace
from jupyter_agent_host.sandbox.spec import ProviderReport, ScratchWorkspace

pytestmark = pytest.mark.anyio
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting and changing users need root")


@contextmanager
def mounted(place: Path, *arguments: str | Path) -> Iterator[None]:
    made = subprocess.run(["mount", *arguments, place], check=False, capture_output=True)
    if made.returncode:
        pytest.skip(f"cannot mount here: {made.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@needs_root
async def test_a_read_only_folder_is_told_once_and_tried_again(make: Any, folder: Path) -> None:
    with mounted(folder, "--bind", folder):
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        workspace = make()
        box = await inside(workspace)
        (box / "answer.txt").write_text("may")
        reason = "the notebook's folder cannot be written (Read-only file system)"
        assert refused(await workspace.collect()) == {"answer.txt": reason}
        again = await workspace.collect()
        assert (again.refused, [item.path for item in again.all_refused]) == ((), ["answer.txt"])
        await workspace.refresh()
        subprocess.run(["mount", "-o", "remount,rw,bind", folder], check=True)
        assert told(await workspace.collect()) == {"answer.txt": "created"}
    assert (folder / "answer.txt").read_text() == "may"


@needs_root
async def test_a_full_disk_loses_nothing(make: Any, folder: Path) -> None:
    with mounted(folder, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        (folder / "sales.csv").write_text("before")
        (folder / "filler").write_bytes(b"x" * 700_000)
        workspace = make()
        box = await inside(workspace)
        (box / "sales.csv").write_bytes(b"y" * 600_000)
        assert refused(await workspace.collect()) == {"sales.csv": "the disk of the notebook's folder is full"}
        assert (folder / "sales.csv").read_text() == "before"
        assert sorted(path.name for path in folder.iterdir()) == ["filler", "sales.csv"]
        (folder / "filler").unlink()
        assert told(await workspace.collect()) == {"sales.csv": "modified"}
        assert (folder / "sales.csv").read_bytes() == b"y" * 600_000


@needs_root
async def test_no_room_for_the_copy_is_a_clear_error(folder: Path, tmp_path: Path) -> None:
    (folder / "large.bin").write_bytes(b"x" * 2_000_000)
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        report = ProviderReport("test", available=True, reason="", file_owner=(0, 0))
        workspace = plan_workspace(WorkspaceRequest(WorkspaceSettings(), folder, disk / "state", report))
        with pytest.raises(WorkspaceError, match="No space left on device"):
            await workspace.prepare()
        (folder / "large.bin").unlink()
        assert (await inside(workspace) / "sales.csv").exists()


@needs_root
async def test_a_host_that_is_root_gives_the_copy_to_the_sandboxs_user(make: Any, folder: Path) -> None:
    report = ProviderReport("test", available=True, reason="", overlay=True, file_owner=(1000, 1000))
    workspace = make(report=report)
    box = await inside(workspace)
    code = (
        "import os; os.setgroups([]); os.setgid(1000); os.setuid(1000);"
        "open('sales.csv', 'a').write('june,4'); os.mkdir('out'); open('out/x.txt', 'w').write('x')"
    )
    # The sandbox's mount is its way in; here the way in is a working folder that was entered as root.
    subprocess.run([sys.executable, "-c", code], cwd=box, check=True)
    assert told(await workspace.collect()) == {"out/x.txt": "created", "sales.csv": "modified"}
    assert (folder / "sales.csv").stat().st_uid == 0
    assert (folder / "out" / "x.txt").stat().st_uid == 0
    (folder / "sales.csv").write_text("the person again")
    await workspace.refresh()
    assert (box / "sales.csv").stat().st_uid == 1000


@needs_root
def test_all_this_works_for_a_user_without_privileges() -> None:
    base = Path("/tmp") / f"jah-workspace-{os.getpid()}"
    command = [
        # The one capability lets that user read this Python, wherever it is installed; it writes nothing.
        *("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--inh-caps=-all,+dac_read_search"),
        *("--ambient-caps=-all,+dac_read_search", "env", f"HOME={base}/home"),
        *(sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", f"--basetemp={base}/t"),
        *(str(Path(__file__).parent / name) for name in ("test_copy_mode.py", "test_hostile.py", "test_machines.py")),
    ]
    base.mkdir(mode=0o755)
    os.chown(base, 1000, 1000)
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100, cwd=base)
    finally:
        subprocess.run(["rm", "-rf", base], check=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; run as uid 1000 by the test above")
async def test_a_folder_without_write_permission_loses_nothing(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    (box / "answer.txt").write_text("may")
    (box / "sales.csv").write_text("x")
    folder.chmod(0o555)
    collected = await workspace.collect()
    assert refused(collected)["answer.txt"] == "the notebook's folder cannot be written (Permission denied)"
    folder.chmod(0o755)
    assert set(told(await workspace.collect())) == {"answer.txt", "sales.csv"}
    (folder / "sales.csv").chmod(0o444)
    (box / "sales.csv").write_text("y")
    assert refused(await workspace.collect())["sales.csv"] == "it is write-protected in your folder"


async def test_bind_is_the_folder_itself_and_says_so(make: Any, folder: Path) -> None:
    workspace = make(WorkspaceSettings(mode="bind"))
    assert await inside(workspace) == folder
    assert workspace.mode == "bind"
    assert "directly" in workspace.note
    (folder / "answer.txt").write_text("may")
    (folder / "sales.csv").unlink()
    assert told(await workspace.collect()) == {"answer.txt": "created", "sales.csv": "deleted"}
    assert await workspace.collect() == Collected()


async def test_an_engine_elsewhere_gets_a_private_workspace(make: Any) -> None:
    report = ProviderReport("test", available=True, reason="", shared_filesystem=False)
    for settings in (WorkspaceSettings(), WorkspaceSettings(mode="bind")):
        workspace = make(settings, report)
        assert await workspace.prepare() == ScratchWorkspace()
        assert workspace.mode == "private"
        assert "shares no files" in workspace.note


async def test_private_when_asked_needs_no_words_and_an_unknown_folder_does(make: Any) -> None:
    workspace = make(WorkspaceSettings(mode="private"))
    await workspace.prepare()
    assert (workspace.mode, workspace.note) == ("private", "")
    unknown = make(place=None)
    await unknown.prepare()
    assert "not known" in unknown.note


async def test_a_cancelled_prepare_stops_and_is_taken_up_again(make: Any, folder: Path) -> None:
    for number in range(3000):
        (folder / f"f{number}.txt").write_text("x")
    workspace = make()
    with anyio.move_on_after(0.1) as scope:
        await workspace.prepare()
    assert scope.cancelled_caught
    box = await inside(workspace)
    assert len(list(box.iterdir())) == 3003
    assert await workspace.collect() == Collected()


async def test_calls_at_once_are_done_one_after_the_other(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    results: list[Collected] = []

    async def collect(number: int) -> None:
        (box / f"f{number}.txt").write_text("x")
        results.append(await workspace.collect())

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(collect, number)
    assert sorted(path for result in results for path in told(result)) == [f"f{number}.txt" for number in range(8)]
