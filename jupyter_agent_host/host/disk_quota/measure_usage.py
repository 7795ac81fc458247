"""How much lies in a folder that a sandbox may be writing to: bounded, following nothing, however deep it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_agent_host.host.disk_quota.layer_limits import LayerLimits

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK_BYTES = 512
_CHECK_EVERY = 512


@dataclass
class Use:
    """What was counted. Counting ends at the first limit that is passed, so that more cannot cost more."""

    size_bytes: int = 0
    files: int = 0

    def passes(self, limits: LayerLimits) -> bool:
        return self.size_bytes > limits.max_bytes or self.files > limits.max_files


def measure(roots: Sequence[Path], limits: LayerLimits, check: Callable[[], None]) -> Use:
    """Blocks on the disk (what is in use, not what files claim) and names below these folders.

    Folders are entered one by one from the last, since the path of a deep one may be longer than the kernel takes;
    one that moved meanwhile is counted the next time.
    """
    use = Use()
    for root in roots:
        with suppress(FileNotFoundError):
            _walk(os.open(root, _FLAGS), limits, use, check)
    return use


def _walk(fd: int, limits: LayerLimits, use: Use, check: Callable[[], None]) -> None:
    trail: list[tuple[tuple[int, int], list[str]]] = []
    try:
        trail.append((_identity(fd), _count(fd, use, check, limits)))
        while trail and not use.passes(limits):
            waiting = trail[-1][1]
            if waiting:
                below = _enter(fd, waiting.pop())
                if below is not None:
                    os.close(fd)
                    fd = below
                    trail.append((_identity(fd), _count(fd, use, check, limits)))
                continue
            trail.pop()
            if trail:
                above = os.open("..", _FLAGS, dir_fd=fd)
                os.close(fd)
                fd = above
                if _identity(fd) != trail[-1][0]:
                    return
    finally:
        os.close(fd)


def _count(fd: int, use: Use, check: Callable[[], None], limits: LayerLimits) -> list[str]:
    """Add what lies in the open folder itself; the names of folders in it."""
    folders = []
    with os.scandir(fd) as entries:
        for entry in entries:
            use.files += 1
            if use.files % _CHECK_EVERY == 0:
                check()
            if use.passes(limits):
                break
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                use.size_bytes += found.st_blocks * _BLOCK_BYTES
                if stat.S_ISDIR(found.st_mode):
                    folders.append(entry.name)
    return folders


def _enter(fd: int, name: str) -> int | None:
    """The folder, opened up first where the sandbox closed it to its own user, who may be ours."""
    try:
        return os.open(name, _FLAGS, dir_fd=fd)
    except PermissionError:
        return _enter_closed(fd, name)
    except OSError:
        return None  # a link or a file took its place, or it is gone


def _enter_closed(fd: int, name: str) -> int | None:
    try:
        # By descriptor: a link that takes its place now is not followed.
        place = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
    except OSError:
        return None
    try:
        Path(f"/proc/self/fd/{place}").chmod(0o700)
        return os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    finally:
        os.close(place)


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino
