"""Content of files: copied atomically and within limits, or compared."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex

from jupyter_agent_host.host.workspace.files.masked_files import UNFINISHED
from jupyter_agent_host.host.workspace.files.open_without_links import FILE_FLAGS, Check, UnusableError

_CHUNK_BYTES = 8 * 1024 * 1024
_SMALL_BYTES = 128 * 1024
_LONGEST_STEM = 32


def replace_file(
    folder: int, name: str, source: int, *, mode: int, limit_bytes: int, check: Check, finish: Callable[[int], None]
) -> os.stat_result:
    """Put the content of an open file there, atomically. `mode` is subject to the umask; `finish(fd)` sets the rest.

    Raises:
        UnusableError: the source is longer than `limit_bytes`.
    """
    temporary = f".{name[:_LONGEST_STEM]}.{token_hex(4)}{UNFINISHED}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | FILE_FLAGS, mode, dir_fd=folder)
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
