"""What a hostile sandbox can do in its own copy must not reach, read or write anything outside the folder."""

# ruff: noqa: ASYNC240, PTH208 - the sandbox is played by blocking calls, one at a time

from __future__ import annotations

import os
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from workspace_rig import inside, refused, told

pytestmark = pytest.mark.anyio


async def test_links_pipes_sockets_and_devices_stay_inside(make: Any, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("private")
    workspace = make()
    box = await inside(workspace)
    (box / "link.txt").symlink_to(outside)
    (box / "folder").symlink_to(tmp_path)
    os.mkfifo(box / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(box / "door"))
    expected = {
        "link.txt": "it is a symbolic link",
        "folder": "it is a symbolic link",
        "pipe": "it is no regular file",
        "door": "it is no regular file",
    }
    if os.geteuid() == 0:
        os.mknod(box / "null", 0o20666, os.makedev(1, 3))
        expected["null"] = "it is no regular file"
    collected = await workspace.collect()
    assert refused(collected) == expected
    assert not collected.files
    assert sorted(os.listdir(folder)) == [".env", "data", "nb.ipynb", "sales.csv"]


async def test_a_hard_link_is_copied_as_content(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    (box / "one.txt").write_text("same")
    os.link(box / "one.txt", box / "two.txt")
    assert set(told(await workspace.collect())) == {"one.txt", "two.txt"}
    assert (folder / "one.txt").stat().st_nlink == 1
    assert (folder / "one.txt").stat().st_ino != (box / "one.txt").stat().st_ino


async def test_a_file_in_place_of_a_link_or_folder_of_the_persons_is_refused(
    make: Any, folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "big").symlink_to(elsewhere)
    (folder / "current.csv").symlink_to("sales.csv")
    workspace = make()
    box = await inside(workspace)
    assert "big" in workspace.note
    assert (box / "current.csv").read_text() == "month,revenue\nmay,3\n"
    (box / "big").mkdir()
    (box / "big" / "x.txt").write_text("x")
    (box / "current.csv").unlink()
    (box / "current.csv").write_text("x")
    collected = await workspace.collect()
    assert refused(collected) == {
        "big/x.txt": "a link or a file lies where a folder should be",
        "current.csv": "in your folder it is a symbolic link",
    }
    assert list(elsewhere.iterdir()) == []
    assert (folder / "sales.csv").read_text() == "month,revenue\nmay,3\n"


async def test_a_link_put_in_the_way_of_a_refresh_is_not_followed(make: Any, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    workspace = make()
    box = await inside(workspace)
    (box / "data" / "more.csv").unlink()
    (box / "data").rmdir()
    (box / "data").symlink_to(outside)
    (box / "sales.csv").unlink()
    (box / "sales.csv").symlink_to(outside / "sales.csv")
    (folder / "data" / "more.csv").write_text("changed by the person")
    (folder / "data" / "new.csv").write_text("new")
    (folder / "sales.csv").write_text("changed by the person")
    await workspace.refresh()
    collected = await workspace.collect()
    assert not collected.files
    assert list(outside.iterdir()) == []
    assert (folder / "sales.csv").read_text() == "changed by the person"


async def test_a_folder_disguised_as_an_environment_is_not_taken_for_deleted(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    (box / "data" / "own.txt").write_text("x")
    await workspace.collect()
    (box / "data" / "pyvenv.cfg").write_text("")
    collected = await workspace.collect()
    assert refused(collected) == {"data/": "it is a Python environment"}
    assert not collected.files
    assert sorted(os.listdir(folder / "data")) == ["more.csv", "own.txt"]


async def test_folders_nested_without_end_end(make: Any, folder: Path) -> None:
    workspace = make()
    deep = await inside(workspace)
    for _ in range(80):
        deep /= "d"
    deep.mkdir(parents=True)
    (deep / "x.txt").write_text("x")
    collected = await workspace.collect()
    assert "folders deep" in next(iter(refused(collected).values()))
    assert not collected.files


@contextmanager
def swapping(box: Path, target: Path) -> Iterator[None]:
    """A thread that swaps a folder with a link to another one, as fast as it can."""
    ended = threading.Event()

    def swap() -> None:
        (box / "trap").symlink_to(target)
        while not ended.is_set():
            with suppress(OSError):
                (box / "victim").rename(box / "parked")
                (box / "trap").rename(box / "victim")
                (box / "victim").rename(box / "trap")
                (box / "parked").rename(box / "victim")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


async def test_a_folder_of_names_without_end_is_not_read_to_its_end(
    make: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_agent_host.host.workspace.copy_out.scan_sandbox.MAX_ENTRIES", 1000)
    workspace = make()
    box = await inside(workspace)
    (box / "many").mkdir()
    (box / "many" / "0").touch()
    for number in range(1, 30_000):  # names of one file cost neither space nor inodes
        os.link(box / "many" / "0", box / "many" / str(number))
    tracemalloc.start()
    try:
        collected = await workspace.collect()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused(collected)["./"] == "the workspace holds more than 1000 files; not all were looked at"
    assert peak < 4_000_000
    assert (folder / "sales.csv").exists(), "what was not looked at does not count as deleted"


async def test_swapping_a_folder_with_a_link_during_a_collect_reads_nothing_outside(
    make: Any, folder: Path, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    for number in range(20):
        (private / f"f{number}.txt").write_text("THE PERSON'S SECRET")
    workspace = make()
    box = await inside(workspace)
    (box / "victim").mkdir()
    copied = 0
    with swapping(box, private):
        for turn in range(60):
            for number in range(20):
                with suppress(OSError):
                    (box / "parked" / f"f{number}.txt").write_text(f"{turn} {number}")
                with suppress(OSError):
                    if not (box / "victim").is_symlink():
                        fd = os.open(box / "victim", os.O_DIRECTORY | os.O_NOFOLLOW)
                        with os.fdopen(os.open(f"f{number}.txt", os.O_CREAT | os.O_WRONLY, dir_fd=fd), "w") as file:
                            file.write(f"{turn} {number}")
                        os.close(fd)
            copied += len((await workspace.collect()).files)
            await workspace.refresh()
    assert copied
    for path in folder.rglob("*"):
        assert path.is_dir() or "SECRET" not in path.read_text()
    assert sorted(os.listdir(private)) == sorted(f"f{number}.txt" for number in range(20))
    assert {(private / name).read_text() for name in os.listdir(private)} == {"THE PERSON'S SECRET"}
