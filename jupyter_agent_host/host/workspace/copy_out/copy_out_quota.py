"""How much one turn may copy out."""

from __future__ import annotations

MIB = 1024**2
MAX_FILES = 20_000


class Quota:
    """Counts bytes and files from one `reset`, at a turn's start, to the next."""

    def __init__(self, max_bytes: int, max_files: int = MAX_FILES) -> None:
        self._max_bytes = max_bytes
        self._max_files = max_files
        self.reset()

    def reset(self) -> None:
        self._bytes = 0
        self._files = 0

    def problem(self, size_bytes: int) -> str:
        """Why a file of this size cannot be copied any more in this turn, "" if it can."""
        if self._files >= self._max_files:
            return f"one turn may copy out {self._max_files} files, and did; the next turn goes on"
        if size_bytes > self._max_bytes:
            return (
                f"it is larger than one turn may copy out ({size_bytes / MIB:.1f} of {self._max_bytes / MIB:.1f} MiB)"
            )
        if self._bytes + size_bytes > self._max_bytes:
            return f"one turn may copy out {self._max_bytes / MIB:.1f} MiB, and that is used up; the next turn goes on"
        return ""

    def largest(self, size_bytes: int) -> int:
        """What a file of this size may have grown to while it is copied."""
        return max(size_bytes, self._max_bytes - self._bytes)

    def spend(self, size_bytes: int) -> None:
        self._bytes += size_bytes
        self._files += 1
