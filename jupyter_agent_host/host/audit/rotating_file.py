"""A file of lines that starts anew when it is full, and keeps some of its predecessors."""

from __future__ import annotations

import os
from pathlib import Path


class RotatingFile:
    """Appends lines. Readable by its owner only. Blocking: call it in a thread, one call at a time."""

    def __init__(self, path: Path, *, max_bytes: int, backups: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._backups = backups

    def append(self, lines: bytes, *, sync: bool) -> None:
        """Append whole lines; with `sync` they are on the disk when this returns.

        Raises:
            OSError: they are not written, or only in part.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._rotate(len(lines))
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            start = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, lines)
                if sync:
                    os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, start)  # no half lines: they are written again
                raise
        finally:
            os.close(descriptor)

    def _rotate(self, coming: int) -> None:
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size == 0 or size + coming <= self._max_bytes:
            return
        for number in range(self._backups - 1, 0, -1):
            if self._numbered(number).exists():
                self._numbered(number).replace(self._numbered(number + 1))
        if self._backups:
            self.path.replace(self._numbered(1))
        else:
            self.path.unlink()

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
