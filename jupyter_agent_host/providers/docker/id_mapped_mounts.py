"""A folder shown with other owners: an id-mapped, read-only mount (Linux 5.12), for a host that runs as root.

Inside, the agent is never uid 0. Without the mapping it could not change, or even read, what root owns in the
workspace, although its changes go to a layer of its own. See mount_setattr(2) and mount_namespaces(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Numbers of system calls since Linux 5.1 are the same on every architecture.
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_OPEN_TREE_CLONE = 1
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000
_MOVE_MOUNT_FROM_FD = 0x4
_READ_ONLY, _NO_SUID, _NO_DEVICES, _ID_MAP = 0x1, 0x2, 0x4, 0x100000
_DETACH, _NO_FOLLOW = 2, 8
_ALL_IDS = 2**32 - 1
_WAIT_SECONDS = 2


class _MountAttributes(ctypes.Structure):
    """`struct mount_attr` of mount_setattr(2)."""

    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def can_map_ids() -> bool:
    """Whether this process may try at all."""
    return sys.platform == "linux" and os.geteuid() == 0


def mount_as(source: Path, target: Path, owner: tuple[int, int]) -> None:
    """Show `source`, read-only, at the empty folder `target`, with its own owner and `owner` (uid, gid) swapped.

    Blocking, a few milliseconds.

    Raises:
        OSError: the kernel or the file system of `source` cannot do this.
    """
    stat = source.stat()
    with _user_namespace(_swap(stat.st_uid, owner[0]), _swap(stat.st_gid, owner[1])) as namespace:
        tree = _call(_OPEN_TREE, _AT_FDCWD, os.fsencode(source), _OPEN_TREE_CLONE | os.O_CLOEXEC)
        try:
            flags = _READ_ONLY | _NO_SUID | _NO_DEVICES | _ID_MAP
            attributes = _MountAttributes(attr_set=flags, userns_fd=namespace)
            size = ctypes.c_size_t(ctypes.sizeof(attributes))
            _call(_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, ctypes.byref(attributes), size)
            _call(_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), _MOVE_MOUNT_FROM_FD)
        finally:
            os.close(tree)


def unmount(place: Path) -> None:
    """Take such a mount away; nothing happens where there is none.

    Raises:
        OSError: it is still there.
    """
    if not can_map_ids():
        return
    # Asking first would be wrong: a mount of the same file system looks like no mount to os.path.ismount.
    library = ctypes.CDLL(None, use_errno=True)
    if library.umount2(os.fsencode(place), _DETACH | _NO_FOLLOW) and ctypes.get_errno() != errno.EINVAL:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(place))


def _swap(one: int, other: int) -> str:
    """Lines of a uid_map or gid_map: everybody is himself, but these two are each other."""
    if one == other:
        return f"0 0 {_ALL_IDS}\n"
    low, high = sorted((one, other))
    spans = [(0, 0, low), (low, high, 1), (low + 1, low + 1, high - low - 1), (high, low, 1)]
    spans.append((high + 1, high + 1, _ALL_IDS - high - 1))
    return "".join(f"{inside} {outside} {count}\n" for inside, outside, count in spans if count > 0)


@contextmanager
def _user_namespace(uid_map: str, gid_map: str) -> Iterator[int]:
    """A file descriptor of a fresh user namespace with these maps; a short-lived child keeps it alive meanwhile."""
    child = subprocess.Popen(["unshare", "--user", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        place = Path("/proc", str(child.pid))
        _await_namespace(place)
        (place / "uid_map").write_text(uid_map)
        (place / "gid_map").write_text(gid_map)
        descriptor = os.open(place / "ns" / "user", os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    finally:
        child.kill()
        child.communicate()


def _await_namespace(place: Path) -> None:
    ours = Path("/proc/self/ns/user").stat().st_ino
    deadline = time.monotonic() + _WAIT_SECONDS
    while (place / "ns" / "user").stat().st_ino == ours:
        if time.monotonic() > deadline:
            raise TimeoutError("No user namespace was made in time.")
        time.sleep(0.001)


def _call(number: int, *arguments: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    result = int(library.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
