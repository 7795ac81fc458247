"""Attempts to take more than a sandbox's share. All of them end by themselves, a little past what the limits allow."""

from __future__ import annotations

import mmap
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attempt import Parameters, RefusedError, attempt, main

MIB = 1024 * 1024


@attempt
def fork_bomb(given: Parameters) -> str:
    """Start more processes than a sandbox may have."""
    children: list[int] = []
    try:
        while len(children) < given["pids"]:
            child = os.fork()
            if child == 0:
                time.sleep(20)
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return f"{len(children)} processes"


@attempt
def threads(given: Parameters) -> str:
    """The same with threads."""
    import threading  # noqa: PLC0415 - only this one needs it

    stop = threading.Event()
    started = 0
    try:
        while started < given["pids"]:
            threading.Thread(target=stop.wait, daemon=True).start()
            started += 1
    except RuntimeError as err:
        raise RefusedError(f"after {started}: {err}") from err
    finally:
        stop.set()
    return f"{started} threads"


def _be_the_first_to_go() -> None:
    """When memory ends, the kernel shall take us, not the agent that has to tell of it."""
    with suppress(OSError):  # /proc may be read-only
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")


def _use(size: int) -> int:
    """Write to so many bytes of memory; private, so that they are free again as soon as the kernel takes us."""
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for page in range(0, size, 4096):
        block[page] = 1
    return size // MIB


@attempt
def memory(given: Parameters) -> str:
    """Use more memory than a sandbox has."""
    _be_the_first_to_go()
    return f"{_use(given['memory'] * MIB)} MiB"


@attempt
def memory_by_many(given: Parameters) -> str:
    """The same, by two processes that each use less than all of it."""
    # No more than two: where nobody can offer to go first, the kernel takes the largest, which must not be the agent.
    _be_the_first_to_go()
    children = []
    try:
        for _ in range(2):
            child = os.fork()
            if child == 0:
                _use(given["memory"] * MIB // 2)
                time.sleep(1)
                os._exit(0)
            children.append(child)
        while children:
            if os.waitpid(children.pop(), 0)[1] != 0:
                raise RefusedError("one of them was killed")
    finally:
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    return f"{given['memory']} MiB together"


@attempt
def processor(given: Parameters) -> str:
    """Use more than one processor."""
    seconds, began, children = 3.0, time.monotonic(), []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            while time.monotonic() - began < seconds:
                pass
            os._exit(0)
        children.append(child)
    used = 0.0
    for child in children:
        usage = os.wait4(child, 0)[2]
        used += usage.ru_utime + usage.ru_stime
    share = used / (time.monotonic() - began)
    if share < given["processors"]:
        raise RefusedError(f"{share:.2f} processors")
    return f"{share:.2f} processors"


@attempt
def open_files(given: Parameters) -> str:
    """Open more files than a sandbox may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for _ in range(given["files"]):
        os.open(os.devnull, os.O_RDONLY)
    return f"{given['files']} files"


def _fill(folder: str, given: Parameters) -> str:
    """In files of 50 MB, since the size of one is limited, too."""
    with _gone_afterwards(Path(folder) / f"fill-{os.getpid()}") as place:
        for number in range(given["disk"] // 50):
            with (place / str(number)).open("wb", buffering=0) as handle:
                for _ in range(50):
                    handle.write(b"\xa5" * MIB)
    return f"{given['disk']} MiB"


@contextmanager
def _gone_afterwards(path: Path) -> Iterator[Path]:
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path)


@attempt
def fill_the_temporary_folder(given: Parameters) -> str:
    """Fill the disk by the temporary folder."""
    return _fill(tempfile.gettempdir(), given)


@attempt
def fill_the_home_folder(given: Parameters) -> str:
    """Fill the disk by the home folder."""
    return _fill(str(Path.home()), given)


@attempt
def fill_shared_memory(given: Parameters) -> str:
    """Fill the memory by its own file system."""
    return _fill("/dev/shm", given)


@attempt
def fill_the_workspace(given: Parameters) -> str:
    """Fill the disk by the workspace."""
    return _fill(".", given)


@attempt
def use_up_inodes(given: Parameters) -> str:
    """Use up the disk's room for names, by empty files in the workspace."""
    with _gone_afterwards(Path(f"names-{os.getpid()}")) as place:
        for number in range(given["inodes"]):
            os.close(os.open(place / str(number), os.O_WRONLY | os.O_CREAT))
    return f"{given['inodes']} files"


@attempt
def fill_the_log(given: Parameters) -> str:
    """Fill the disk by what the sandbox prints: 40 MB of it."""
    target = given.get("log") or "/proc/1/fd/2"
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK)
    deadline = time.monotonic() + 6
    written = 0
    while written < 40 * MIB and time.monotonic() < deadline:
        try:
            written += os.write(descriptor, b"flood " * 10000 + b"\n")
        except BlockingIOError:
            time.sleep(0.001)
    return f"{written} bytes"


@attempt
def file_without_content(given: Parameters) -> str:
    """A file that is a terabyte long and holds nothing, for the server to copy."""
    descriptor = os.open("endless.bin", os.O_WRONLY | os.O_CREAT)
    os.ftruncate(descriptor, given["sparse"] * MIB)
    return "made it"


@attempt
def more_than_may_be_copied(given: Parameters) -> str:
    """More bytes than one turn may bring out."""
    for number in range(6):
        Path(f"much-{number}.bin").write_bytes(b"\x5a" * 8 * MIB)
    return "made them"


@attempt
def archive_that_grows(given: Parameters) -> str:
    """An archive that unpacks to a thousand times its size, under names that tools open by themselves."""
    import zipfile  # noqa: PLC0415 - only this one needs it

    with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", b" " * 60 * MIB)
    Path("bomb.ipynb").write_bytes(Path("bomb.zip").read_bytes())
    return "made it"


@attempt
def folders_without_end(given: Parameters) -> str:
    """Folders in folders, deeper than anybody means to."""
    place = os.open("deeply", os.O_RDONLY) if os.path.isdir("deeply") else None
    if place is None:
        os.mkdir("deeply")
        place = os.open("deeply", os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=place)
        below = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(os.open("bottom.txt", os.O_WRONLY | os.O_CREAT, dir_fd=place))
    return "300 deep"


if __name__ == "__main__":
    sys.exit(main())
