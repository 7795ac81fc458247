"""Files that the sandbox's user must be able to change, made by a host that may be another user."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Owner:
    """Who owns what the sandbox gets, as the host sees it. `None`: the host's own user."""

    ids: tuple[int, int] | None

    def give(self, fd: int, mode: int) -> None:
        """Set owner and mode of an open file or folder.

        A host that may not give files away opens them to everybody: they lie in a folder that only it can enter.
        """
        own = (os.geteuid(), os.getegid())
        if self.ids is None or self.ids == own:
            os.fchmod(fd, mode)
        elif os.geteuid() == 0:
            os.fchown(fd, *self.ids)
            os.fchmod(fd, mode)
        else:
            os.fchmod(fd, mode | (mode & 0o700) >> 3 | (mode & 0o700) >> 6)

    def make_folder(self, name: str, parent: int, mode: int = 0o755) -> None:
        """Make a folder below an open one and hand it over."""
        os.mkdir(name, 0o700, dir_fd=parent)
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            self.give(fd, mode)
        finally:
            os.close(fd)
