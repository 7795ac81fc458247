"""Bytes of a notebook's file, where it is a file: a name may lead to a pipe, or to a device that never ends."""

from __future__ import annotations

import os
import stat


def read_notebook_file(path: str, *, unless: tuple[int, int] | None = None) -> tuple[tuple[int, int], bytes] | None:
    """The file's version (time and size) and its content; None if it has the version `unless`. Never blocks for long.

    Links are followed, as Jupyter does.

    Raises:
        OSError: it is not there, cannot be read, or is no regular file.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path} is no regular file")
        version = (found.st_mtime_ns, found.st_size)
        return None if version == unless else (version, file.read())
