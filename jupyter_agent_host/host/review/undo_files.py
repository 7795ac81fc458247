"""Undoing what a turn did to one file of the person's, beside what they did to it since. Blocking; follows no link."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_agent_host.host.diff.three_way_merge import merge
from jupyter_agent_host.host.review.kept_versions import Choice
from jupyter_agent_host.host.review.undo_cells import Conflict
from jupyter_agent_host.host.workspace.files.file_backups import MAX_TEXT_BYTES, Keeper, KeptSide, is_text
from jupyter_agent_host.host.workspace.files.file_content import replace_file, same_content
from jupyter_agent_host.host.workspace.files.open_without_links import (
    Check,
    UnusableError,
    kind_problem,
    lstat,
    opened_file,
    opened_folder,
    opened_root,
)
from jupyter_agent_host.host.workspace.files.person_files import dress, make_folder, sentence

_NO_LIMIT = 1 << 62
CHANGED = "you changed this file after the agent did"
NOT_KEPT = "what it was before was not kept"


@dataclass(frozen=True)
class FileUndo:
    """`done`: it is as it was, or there was nothing to do. `impossible` says why it cannot be undone at all."""

    done: bool = False
    conflict: Conflict | None = None
    impossible: str = ""


class FileUndoer:
    """For one notebook's folder."""

    def __init__(self, folder: Path, keeper: Keeper, check: Check) -> None:
        self._folder = folder
        self._keeper = keeper
        self._check = check

    def undo(self, path: str, before: KeptSide | None, after: KeptSide | None, choice: Choice = "") -> FileUndo:
        """Bring one file back. All or nothing."""
        if before is not None and not before.blob:
            return FileUndo(impossible=NOT_KEPT)
        *folders, name = path.split("/")
        try:
            with opened_root(self._folder) as root, opened_folder(root, folders, make_folder) as place:
                return self._undo(place, name, before, after, choice)
        except FileNotFoundError:
            return FileUndo(impossible="what was kept of it is gone")
        except OSError as err:
            return FileUndo(impossible=sentence(err, "it cannot be written"))

    def _undo(self, place: int, name: str, before: KeptSide | None, after: KeptSide | None, choice: Choice) -> FileUndo:
        now = lstat(place, name)
        if now is not None and (problem := kind_problem(now.st_mode)):
            return FileUndo(impossible=problem)
        if now is None:
            # Gone since the agent wrote it: the person removed it, and that stays; gone by the agent: it comes back.
            if before is not None and after is None:
                self._restore(place, name, before, None)
            return FileUndo(done=True)
        if after is not None and self._is(place, name, now, after):
            return self._back(place, name, before, now)
        if before is not None and self._is(place, name, now, before):
            return FileUndo(done=True)
        return self._merge(place, name, now, before, after, choice)

    def _back(self, place: int, name: str, before: KeptSide | None, now: os.stat_result) -> FileUndo:
        if before is None:
            os.unlink(name, dir_fd=place)
        else:
            self._restore(place, name, before, now)
        return FileUndo(done=True)

    def _merge(  # noqa: PLR0917 - one file, three sides, and what was picked
        self,
        place: int,
        name: str,
        now: os.stat_result,
        before: KeptSide | None,
        after: KeptSide | None,
        choice: Choice,
    ) -> FileUndo:
        if choice == "mine":
            return FileUndo(done=True)
        if choice == "before":
            return self._back(place, name, before, now)
        mine, old = self._text_of(place, name), self._kept_text(before)
        base = self._kept_text(after)
        if mine is not None and old is not None and base is not None and before is not None:
            merged = merge(base, mine, old)
            if not merged.conflicts:
                self._write(place, name, merged.text, now)
                return FileUndo(done=True)
        return FileUndo(conflict=Conflict(CHANGED, mine, old))

    def _restore(self, place: int, name: str, before: KeptSide, now: os.stat_result | None) -> None:
        with self._keeper.opened(before) as source:
            written = replace_file(
                place,
                name,
                source,
                mode=0o600,
                limit_bytes=_NO_LIMIT,
                check=self._check,
                finish=lambda fd: _finish(fd, place, name, now, before.mode),
            )
        os.utime(name, ns=(written.st_atime_ns, before.mtime_ns), dir_fd=place, follow_symlinks=False)

    def _write(self, place: int, name: str, text: str, now: os.stat_result) -> None:
        with tempfile.TemporaryFile() as source:
            source.write(text.encode())
            source.flush()
            replace_file(
                place,
                name,
                source.fileno(),
                mode=0o600,
                limit_bytes=_NO_LIMIT,
                check=self._check,
                finish=lambda fd: _finish(fd, place, name, now),
            )

    def _is(self, place: int, name: str, now: os.stat_result, side: KeptSide) -> bool:
        if side.is_still(now):
            return True
        if not side.blob or now.st_size != side.size:
            return False
        with opened_file(place, name) as (fd, _), self._kept(side) as kept:
            return kept is not None and same_content(fd, kept, self._check)

    @contextmanager
    def _kept(self, side: KeptSide) -> Iterator[int | None]:
        try:
            with self._keeper.opened(side) as fd:
                yield fd
        except FileNotFoundError:
            yield None

    def _kept_text(self, side: KeptSide | None) -> str | None:
        if side is None or not side.blob or side.size > MAX_TEXT_BYTES:
            return None
        with self._kept(side) as fd:
            return None if fd is None else _decoded(os.pread(fd, MAX_TEXT_BYTES, 0))

    @staticmethod
    def _text_of(place: int, name: str) -> str | None:
        try:
            with opened_file(place, name) as (fd, found):
                return None if found.st_size > MAX_TEXT_BYTES else _decoded(os.pread(fd, MAX_TEXT_BYTES, 0))
        except (UnusableError, FileNotFoundError):
            return None

    def texts(self, path: str, before: KeptSide | None, after: KeptSide | None) -> tuple[str | None, ...]:
        """The kept texts before and after, and the present one; None where there is none or it is no short text."""
        *folders, name = path.split("/")
        now: str | None = None
        try:
            with opened_root(self._folder) as root, opened_folder(root, folders) as place:
                now = self._text_of(place, name)
        except OSError:
            now = None
        return self._kept_text(before), self._kept_text(after), now


def _finish(fd: int, place: int, name: str, now: os.stat_result | None, mode: int | None = None) -> None:
    """Last look before the file is replaced: the person may have saved it while it was merged or copied."""
    found = lstat(place, name)
    if (found is None) != (now is None) or (
        found is not None and now is not None and not KeptSide.of(now).is_still(found)
    ):
        raise UnusableError("it was changed this very moment; try again")
    dress(fd, place, now)
    if mode is not None:
        os.fchmod(fd, mode)


def _decoded(data: bytes) -> str | None:
    return data.decode() if is_text(data) else None
