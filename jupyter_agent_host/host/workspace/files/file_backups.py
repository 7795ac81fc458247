"""Keeps what files of the person's were before the host changed them, at the cost of what changed alone.

A file is replaced by a rename, so its old content is kept by giving it a second name: nothing is read or written.
Where that is impossible (another file system, other names already) it is copied.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import msgspec

from jupyter_agent_host.host.workspace.files.file_content import copy_content
from jupyter_agent_host.host.workspace.files.open_without_links import Check, opened_file, opened_root

MAX_TEXT_BYTES = 1024**2
"""Texts up to here are kept as the agent wrote them, too, so that an undo can be merged with later edits."""


class KeptSide(msgspec.Struct, frozen=True):
    """One file at one moment.

    Attributes:
        inode, mtime_ns, size: tell whether the file is still this one without reading it.
        mode: its permission bits.
        blob: name of the kept content in the keep folder; "" if it was not kept.
        digest: SHA-256 of a kept text, "" for others.
    """

    size: int
    mtime_ns: int
    inode: int
    mode: int = 0o644
    blob: str = ""
    digest: str = ""

    @classmethod
    def of(cls, found: os.stat_result, blob: str = "", digest: str = "") -> KeptSide:
        return cls(found.st_size, found.st_mtime_ns, found.st_ino, found.st_mode & 0o777, blob, digest)

    def is_same(self, other: KeptSide) -> bool:
        """Whether both are the same writing of the file."""
        return (self.size, self.mtime_ns, self.inode) == (other.size, other.mtime_ns, other.inode)

    def is_still(self, found: os.stat_result) -> bool:
        """Whether the file was not written since."""
        return (self.size, self.mtime_ns, self.inode) == (found.st_size, found.st_mtime_ns, found.st_ino)


@dataclass(frozen=True)
class Kept:
    """One file that the host changed for the agent; None: there was, or is, none."""

    path: str
    before: KeptSide | None
    after: KeptSide | None


class Keeper:
    """Keeps contents in one private folder until `drop`. Not thread-safe; a workspace's calls are serialised."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._kept: dict[str, Kept] = {}

    def before(self, place: int, name: str, target: os.stat_result | None, check: Check) -> KeptSide | None:
        """To be called before the file `name` in the open folder `place` is replaced or removed."""
        return None if target is None else KeptSide.of(target, self._keep(place, name, target, check))

    def after(self, path: str, before: KeptSide | None, place: int, name: str, written: os.stat_result | None) -> None:
        """To be called when that was done; None: it was removed."""
        after = None if written is None else self._text(place, name, written)
        earlier = self._kept.get(path)
        if earlier is not None:
            written_between = before is not None and earlier.after is not None and not before.is_same(earlier.after)
            superseded = earlier.before if written_between else before
            self.drop([side.blob for side in (superseded, earlier.after) if side is not None])
            before = before if written_between else earlier.before
        self._kept[path] = Kept(path, before, after)

    def take(self) -> tuple[Kept, ...]:
        """What was kept since the last call."""
        kept, self._kept = tuple(self._kept.values()), {}
        return kept

    def drop(self, blobs: list[str]) -> None:
        """Remove kept contents. Idempotent."""
        for blob in blobs:
            if blob and "/" not in blob:
                with suppress(FileNotFoundError):
                    (self._folder / blob).unlink()

    @contextmanager
    def opened(self, side: KeptSide) -> Iterator[int]:
        """A kept content, open for reading.

        Raises:
            FileNotFoundError: it was not kept, or was dropped.
        """
        if not side.blob or "/" in side.blob:
            raise FileNotFoundError(side.blob)
        with opened_root(self._folder) as folder, opened_file(folder, side.blob) as (fd, _):
            yield fd

    def _keep(self, place: int, name: str, target: os.stat_result, check: Check) -> str:
        blob = token_hex(12)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with opened_root(self._folder) as folder:
                if target.st_nlink == 1 and _linked(place, name, folder, blob):
                    return blob
                with opened_file(place, name) as (source, _):
                    return self._copy(source, folder, blob, check)
        except OSError:
            # It cannot be read or there is no room: the change goes on, and the review says that it stays.
            self.drop([blob])
            return ""

    def _copy(self, source: int, folder: int, blob: str, check: Check) -> str:
        fd = os.open(blob, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            copy_content(source, fd, self._max_bytes, check)
        finally:
            os.close(fd)
        return blob

    def _text(self, place: int, name: str, written: os.stat_result) -> KeptSide:
        """The side of a file just written. Copied, since an editor may write into that very file later."""
        if written.st_size > MAX_TEXT_BYTES:
            return KeptSide.of(written)
        try:
            with opened_file(place, name) as (fd, found):
                data = os.pread(fd, MAX_TEXT_BYTES, 0)
        except OSError:
            return KeptSide.of(written)
        if found.st_ino != written.st_ino or len(data) != written.st_size or not is_text(data):
            return KeptSide.of(written)
        blob = token_hex(12)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / blob).write_bytes(data)
        except OSError:
            return KeptSide.of(written)
        return KeptSide.of(written, blob, hashlib.sha256(data).hexdigest())


def _linked(place: int, name: str, folder: int, blob: str) -> bool:
    try:
        os.link(name, blob, src_dir_fd=place, dst_dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def is_text(data: bytes) -> bool:
    """Whether it is UTF-8 without NUL, as editors and diffs want it."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data
