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
from secrets import token_hex

Check = Callable[[], object]
"""Called between pieces of work; raises when the work was cancelled."""

Make = Callable[[str, int], None]
"""Makes a missing folder, given its path below the root and its open parent."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CHUNK_BYTES = 8 * 1024 * 1024
_SMALL_BYTES = 128 * 1024
_LONGEST_STEM = 32


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
        fd = os.open(name, flags | _FILE, dir_fd=folder)
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


def replace_file(
    folder: int, name: str, source: int, *, mode: int, limit_bytes: int, check: Check, finish: Callable[[int], None]
) -> os.stat_result:
    """Put the content of an open file there, atomically. `mode` is subject to the umask; `finish(fd)` sets the rest.

    Raises:
        UnusableError: the source is longer than `limit_bytes`.
    """
    temporary = f".{name[:_LONGEST_STEM]}.{token_hex(4)}.agent-host"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE, mode, dir_fd=folder)
    try:
        copy_content(source, fd, limit_bytes, check)
        finish(fd)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        return os.fstat(fd)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    finally:
        os.close(fd)


def copy_content(source: int, target: int, limit_bytes: int, check: Check) -> int:
    """Copy from the start to the end, sharing blocks where the file system can.

    Raises:
        UnusableError: there is more than `limit_bytes`.
    """
    done, share = 0, False
    while True:
        check()
        # A small file is read at once; the rest of a large one is copied by the kernel.
        wanted = min(_CHUNK_BYTES if done else _SMALL_BYTES, limit_bytes + 1 - done)
        copied, share = _copy_piece(source, target, done, wanted, share=share)
        if done == 0 and copied == _SMALL_BYTES:
            share = True
        done += copied
        if done > limit_bytes:
            raise UnusableError("it is larger than what may be copied at once")
        if copied < wanted and not share:
            return done


def _copy_piece(source: int, target: int, offset: int, wanted: int, *, share: bool) -> tuple[int, bool]:
    if share:
        try:
            # Some file systems answer 0 where a plain read finds content, so the end is confirmed by a read.
            if copied := os.copy_file_range(source, target, wanted, offset, offset):
                return copied, True
        except OSError as err:
            if err.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
                raise
    data = os.pread(source, wanted, offset)
    written = 0
    while written < len(data):
        written += os.pwrite(target, data[written:], offset + written)
    return written, False


def same_content(one: int, other: int, check: Check) -> bool:
    """Whether two open files hold the same bytes."""
    offset = 0
    while True:
        check()
        piece = os.pread(one, _CHUNK_BYTES, offset)
        if piece != os.pread(other, _CHUNK_BYTES, offset):
            return False
        if not piece:
            return True
        offset += len(piece)
