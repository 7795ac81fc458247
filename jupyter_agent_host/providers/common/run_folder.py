"""A private folder for one sandbox: its socket, and what else must not outlive it.

A lock in the folder is held while the sandbox's host lives, so that folders of killed hosts can be told apart.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from jupyter_agent_host.errors import SandboxStartError
from jupyter_agent_host.sandbox.unix_stream import MAX_SOCKET_PATH_BYTES

logger = logging.getLogger(__name__)

PREFIX = "jahc-"
"""Only folders of this kind are ever swept; no other provider may use it."""

SOCKET_NAME = "runner.sock"
_UNFINISHED = "jahc.new-"
_UNFINISHED_SECONDS = 3600
_LONGEST_INSIDE = len(f"/{PREFIX}0123456789/s/{SOCKET_NAME}")


def socket_base() -> Path:
    """XDG_RUNTIME_DIR if it is ours and short enough for a socket, else as `scratch_base`."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(runtime) if runtime and _usable(Path(runtime)) else scratch_base()


def scratch_base() -> Path:
    """The temporary folder if its path is short enough for a socket, else /tmp."""
    temporary = Path(tempfile.gettempdir())
    return temporary if _usable(temporary) else Path("/tmp")  # noqa: S108 - the private folder is made in it, 0700


class RunFolder:
    """One sandbox's folder, 0700, with a leaf `s` for the socket. All methods block shortly."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self.name = path.name
        self.socket_folder = path / "s"
        self.socket = self.socket_folder / SOCKET_NAME
        self._lock = lock

    @classmethod
    def make(cls, base: Path) -> RunFolder:
        """Make a fresh folder.

        Raises:
            SandboxStartError: the base folder cannot be written.
        """
        token = uuid4().hex[:10]
        unfinished, final = base / f"{_UNFINISHED}{token}", base / f"{PREFIX}{token}"
        try:
            unfinished.mkdir(mode=0o700)
            lock = os.open(unfinished / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            (unfinished / "s").mkdir(mode=0o700)
            unfinished.rename(final)
        except OSError as err:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise SandboxStartError(f"No private folder can be made in {base}: {err.strerror}") from err
        return cls(final, lock)

    def remove(self) -> None:
        """Remove it with all that is in it. Idempotent."""
        _remove_tree(self.path)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def sweep(base: Path, forget: Callable[[str], None]) -> None:
    """Remove folders of this user whose host is gone, and tell `forget` each one's name. Blocking."""
    for entry in base.iterdir() if base.is_dir() else ():
        if entry.name.startswith((PREFIX, _UNFINISHED)):
            with suppress(FileNotFoundError):  # another host sweeps, too
                if _is_ours(entry) and _abandoned(entry):
                    forget(entry.name)
                    _remove_tree(entry)


def _usable(base: Path) -> bool:
    try:
        state = base.stat()
    except OSError:
        return False
    private = state.st_uid == os.getuid() or bool(state.st_mode & stat.S_ISVTX)
    short = len(os.fsencode(base)) + _LONGEST_INSIDE <= MAX_SOCKET_PATH_BYTES
    return private and short and os.access(base, os.W_OK | os.X_OK)


def _is_ours(entry: Path) -> bool:
    state = entry.lstat()
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid()


def _abandoned(folder: Path) -> bool:
    """Whether nobody holds its lock; one without a lock is being made or removed, and given an hour."""
    if not (folder / "lock").exists() or folder.name.startswith(_UNFINISHED):
        return time.time() - folder.stat().st_mtime > _UNFINISHED_SECONDS
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _remove_tree(path: Path) -> None:
    """Remove it all, folders that their maker closed to us included. Nothing runs in it any more."""
    for folder, names, _ in os.walk(path):
        for inner in (Path(folder, name) for name in names):
            with suppress(OSError):
                if not inner.is_symlink():
                    inner.chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        logger.warning("The private folder %s could not be removed.", path)
