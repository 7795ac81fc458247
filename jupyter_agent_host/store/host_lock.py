"""Which hosts of a data folder are alive. A lock held on an open file tells; a process number never does.

<data_dir>/id               the folder's id, random, made once
<data_dir>/hosts/<id>.lock  locked by that host for as long as its process lives
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

from jupyter_agent_host.errors import StoreError

_SAFE_ID = re.compile(r"[0-9a-f]{16,64}")


def data_folder_id(data_dir: Path) -> str:
    """The id of this data folder, for labels on what it owns. Made at the first call; the same for all processes."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / "id"
    made = data_dir / f".id-{secrets.token_hex(8)}"
    try:
        if not path.exists():
            made.write_text(secrets.token_hex(16), encoding="ascii")
            made.chmod(0o600)
            # Linking fails where another process was first; then its id counts.
            _link(made, path)
        found = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as err:
        raise StoreError(f"The id of the data folder {data_dir} cannot be read or made: {err}.") from err
    finally:
        made.unlink(missing_ok=True)
    if not _SAFE_ID.fullmatch(found):
        raise StoreError(f"The file {path} does not hold a data folder's id: remove it to get a new one.")
    return found


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        return


class HostLock:
    """The sign that this host lives. The system frees it when the process ends, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        """Take the lock under a new random id.

        Raises:
            StoreError: the folder cannot be written.
        """
        self.owner = secrets.token_hex(16)
        folder = data_dir / "hosts"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _remove_dead(folder)
            self._path = folder / f"{self.owner}.lock"
            self._descriptor: int | None = _take(self._path)
        except OSError as err:
            raise StoreError(f"The data folder {data_dir} cannot be used: {err}.") from err

    def release(self) -> None:
        """Say that this host is gone. Idempotent."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_alive(data_dir: Path, owner: str) -> bool:
    """Whether the host of that id still holds its lock. What is no host's id is not alive."""
    if not _SAFE_ID.fullmatch(owner):
        return False
    return _is_held(data_dir / "hosts" / f"{owner}.lock")


def _take(path: Path) -> int:
    while True:
        # Not inherited by children: a sandbox process that outlives its host must not keep the host "alive".
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # A neighbour that cleans up may have removed the file between the two calls.
        if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
        os.close(descriptor)


def _is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two askers do not take each other for the host.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _remove_dead(folder: Path) -> None:
    for path in folder.glob("*.lock"):
        if not _is_held(path):
            path.unlink(missing_ok=True)
