"""Folders and files made on the person's side: whose they are, and what is said when the machine refuses."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress

from jupyter_agent_host.host.workspace.files.open_without_links import UnusableError

_FULL = (errno.ENOSPC, errno.EDQUOT)


def make_folder(path: str, parent: int) -> None:
    """Make the last folder of the path, with the owner of the one that it lies in."""
    name = path.rpartition("/")[2]
    os.mkdir(name, dir_fd=parent)
    _own_like(parent, lambda uid, gid: os.chown(name, uid, gid, dir_fd=parent, follow_symlinks=False))


def dress(fd: int, place: int, target: os.stat_result | None) -> None:
    """Give a new file the owner of its folder (only root can), or the owner and mode of the file that it replaces."""
    if target is None:
        _own_like(place, lambda uid, gid: os.fchown(fd, uid, gid))
        return
    here = os.fstat(fd)
    if (here.st_uid, here.st_gid) != (target.st_uid, target.st_gid):
        # Without privileges a foreign owner cannot be kept: the replaced file is then the person's, as in an editor.
        with suppress(PermissionError):
            os.fchown(fd, target.st_uid if os.geteuid() == 0 else -1, target.st_gid)
    os.fchmod(fd, target.st_mode & 0o777)


def _own_like(folder: int, chown: Callable[[int, int], None]) -> None:
    if os.geteuid() == 0:
        owner = os.fstat(folder)
        chown(owner.st_uid, owner.st_gid)


def sentence(err: OSError, what: str) -> str:
    """A clause for a person; `what` says what failed."""
    if isinstance(err, UnusableError):
        return str(err)
    if err.errno in _FULL:
        return "the disk of the notebook's folder is full"
    return f"{what} ({err.strerror or err})"
