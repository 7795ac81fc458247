"""Files below an open folder, reached component by component: no symbolic link is ever followed.

The sandbox may rename, swap and link whatever it likes meanwhile: what was opened is what is judged and read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

Check = Callable[[], object]
"""Called between pieces of work; raises when the work was cancelled."""

Make = Callable[[str, int], None]
"""Makes a missing folder, given its path below the root and its open parent."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True)
class Sides:
    """Two open folders: what the sandbox wrote, and the person's."""

    inside: int
    person: int


class UnusableError(OSError):
    """What lies there is no regular file, grew past what may be read, or is in the way. `str` says which."""


@contextmanager
def despite_the_sandbox() -> Iterator[None]:
    """Go on after errors that the sandbox can cause in its own tree at any moment; a full or broken disk is none."""
    try:
        yield
    except OSError as err:
        if err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE):
            raise


@contextmanager
def opened_root(path: Path) -> Iterator[int]:
    """An open folder given by a path that is trusted; links in the path itself are followed."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def opened_folder(root: int, parts: Sequence[str], make: Make | None = None) -> Iterator[int]:
    """The folder at these parts below `root`; `make` is called for each that is missing.

    Raises:
        UnusableError: a link or a file lies on the way.
        FileNotFoundError: it does not exist, and `make` is None.
    """
    fd = os.dup(root)
    try:
        for depth in range(1, len(parts) + 1):
            below = _enter(fd, parts[:depth], make)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


def _enter(fd: int, parts: Sequence[str], make: Make | None) -> int:
    name = parts[-1]
    if name in ("", ".", ".."):
        raise UnusableError(f"{name!r} is no file name")
    try:
        return _open_folder(fd, name)
    except FileNotFoundError:
        if make is None:
            raise
    with suppress(FileExistsError):
        make("/".join(parts), fd)
    return _open_folder(fd, name)


def _open_folder(fd: int, name: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=fd)
    except OSError as err:
        if err.errno in (errno.ELOOP, errno.ENOTDIR):
            raise UnusableError("a link or a file lies where a folder should be") from err
        raise


def lstat(folder: int, name: str) -> os.stat_result | None:
    """What lies there, None for nothing."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def lstat_below(root: int, path: str) -> os.stat_result | None:
    """The same by a relative path; None also when a folder on the way is missing.

    Raises:
        UnusableError: a link or a file lies on the way.
    """
    *folders, name = path.split("/")
    try:
        with opened_folder(root, folders) as folder:
            return lstat(folder, name)
    except FileNotFoundError:
        return None


def kind_problem(mode: int) -> str:
    """Why something of this `st_mode` is neither read nor replaced, "" for a regular file."""
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISLNK(mode):
        return "it is a symbolic link"
    return "it is a folder" if stat.S_ISDIR(mode) else "it is no regular file"


@contextmanager
def opened_file(folder: int, name: str, flags: int = os.O_RDONLY) -> Iterator[tuple[int, os.stat_result]]:
    """A regular file and its stat; never blocks.

    Raises:
        UnusableError: it is something else, or became so.
    """
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if problem := kind_problem(found.st_mode):
        raise UnusableError(problem)
    try:
        fd = os.open(name, flags | FILE_FLAGS, dir_fd=folder)
    except OSError as err:
        if err.errno in (errno.ELOOP, errno.ENXIO):
            raise UnusableError("it is no regular file") from err
        raise
    try:
        found = os.fstat(fd)
        if problem := kind_problem(found.st_mode):
            raise UnusableError(problem)
        yield fd, found
    finally:
        os.close(fd)
