"""Files are brought back beside what the person did since, and never through a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_agent_host.host.review.checkpoints import Checkpoints
from jupyter_agent_host.host.review.kept_versions import read_file, read_kept
from jupyter_agent_host.host.review.undo_files import CHANGED, NOT_KEPT, FileUndo, FileUndoer
from jupyter_agent_host.host.workspace.files.file_backups import Keeper, KeptSide
from jupyter_agent_host.host.workspace.files.open_without_links import opened_root
from jupyter_agent_host.host.workspace.workspace_interface import Collected
from jupyter_agent_host.store.journal.checkpoint_store import Decisions
from jupyter_agent_host.store.journal.journal import Journal


class Agent:
    """Changes files as the host does for it, and keeps what they were."""

    def __init__(self, folder: Path, keeper: Keeper) -> None:
        self._folder = folder
        self._keeper = keeper

    def change(self, name: str, content: bytes | None) -> tuple[KeptSide | None, KeptSide | None]:
        file = self._folder / name
        with opened_root(self._folder) as place:
            found = file.stat() if file.exists() else None
            before = self._keeper.before(place, name, found, lambda: None)
            if content is None:
                file.unlink()
                written = None
            else:
                fresh = self._folder / f"{name}.new"
                fresh.write_bytes(content)
                written = fresh.rename(file).stat()
            self._keeper.after(name, before, place, name, written)
        (self.kept,) = self._keeper.take()
        return self.kept.before, self.kept.after


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    (place / "a.txt").write_text("one\ntwo\nthree\nfour\nfive\n")
    return place


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "kept", 1024**2)


@pytest.fixture
def agent(folder: Path, keeper: Keeper) -> Agent:
    return Agent(folder, keeper)


@pytest.fixture
def undoer(folder: Path, keeper: Keeper) -> FileUndoer:
    return FileUndoer(folder, keeper, lambda: None)


def test_created_modified_and_deleted_files_are_as_they_were(folder: Path, agent: Agent, undoer: FileUndoer) -> None:
    (folder / "a.txt").chmod(0o700)
    stamp = (folder / "a.txt").stat().st_mtime_ns
    changed = agent.change("a.txt", b"other\n")
    created = agent.change("b.txt", b"new\n")

    assert undoer.undo("a.txt", *changed) == FileUndo(done=True)
    assert undoer.undo("b.txt", *created) == FileUndo(done=True)
    assert (folder / "a.txt").read_text() == "one\ntwo\nthree\nfour\nfive\n"
    assert (folder / "a.txt").stat().st_mtime_ns == stamp
    assert not (folder / "b.txt").exists()

    deleted = agent.change("a.txt", None)
    assert undoer.undo("a.txt", *deleted) == FileUndo(done=True)
    assert undoer.undo("a.txt", *deleted) == FileUndo(done=True)
    assert (folder / "a.txt").read_text().startswith("one\n")
    assert (folder / "a.txt").stat().st_mode & 0o100


def test_a_persons_later_lines_survive(folder: Path, agent: Agent, undoer: FileUndoer) -> None:
    sides = agent.change("a.txt", b"ONE\ntwo\nthree\nfour\nfive\n")
    (folder / "a.txt").write_text("ONE\ntwo\nthree\nfour\nfive\nmine\n")

    assert undoer.undo("a.txt", *sides).done
    assert (folder / "a.txt").read_text() == "one\ntwo\nthree\nfour\nfive\nmine\n"


def test_a_conflict_is_shown_and_then_decided(folder: Path, agent: Agent, undoer: FileUndoer) -> None:
    sides = agent.change("a.txt", b"ONE\n")
    (folder / "a.txt").write_text("mine\n")
    undone = undoer.undo("a.txt", *sides)

    assert undone.conflict is not None
    assert (undone.conflict.reason, undone.conflict.mine) == (CHANGED, "mine\n")
    assert (folder / "a.txt").read_text() == "mine\n"
    assert undoer.undo("a.txt", *sides, choice="mine").done
    assert (folder / "a.txt").read_text() == "mine\n"
    assert undoer.undo("a.txt", *sides, choice="before").done
    assert (folder / "a.txt").read_text().startswith("one\n")


def test_created_files_that_the_person_went_on_with_are_not_removed(
    folder: Path, agent: Agent, undoer: FileUndoer
) -> None:
    sides = agent.change("b.txt", b"new\n")
    (folder / "b.txt").write_text("new\nand mine\n")
    binary = agent.change("c.bin", b"\0\1")
    (folder / "c.bin").write_bytes(b"\0\2")

    assert undoer.undo("b.txt", *sides).conflict is not None
    assert undoer.undo("c.bin", *binary).conflict is not None
    assert (folder / "b.txt").exists()
    assert (folder / "c.bin").exists()


def test_what_was_removed_since_stays_away(folder: Path, agent: Agent, undoer: FileUndoer) -> None:
    sides = agent.change("a.txt", b"ONE\n")
    (folder / "a.txt").unlink()

    assert undoer.undo("a.txt", *sides).done
    assert not (folder / "a.txt").exists()


def test_links_are_not_followed_and_lost_contents_are_told(
    folder: Path, agent: Agent, undoer: FileUndoer, keeper: Keeper, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("precious")
    before, after = agent.change("a.txt", b"ONE\n")
    assert before is not None
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(outside)

    assert undoer.undo("a.txt", before, after).impossible == "it is a symbolic link"
    assert outside.read_text() == "precious"
    (folder / "a.txt").unlink()
    (folder / "a.txt").write_text("ONE\n")
    keeper.drop([before.blob])
    assert undoer.undo("a.txt", before, after).impossible == "what was kept of it is gone"
    assert undoer.undo("a.txt", KeptSide(1, 1, 1), after).impossible == NOT_KEPT
    assert (folder / "a.txt").read_text() == "ONE\n"


@pytest.mark.anyio
async def test_what_the_person_saved_between_two_calls_of_a_turn_is_what_comes_back(
    folder: Path, keeper: Keeper, agent: Agent, undoer: FileUndoer, tmp_path: Path
) -> None:
    async with await Journal.open(tmp_path / "journal.db") as journal:
        checkpoints = Checkpoints("notebook", Decisions(journal), keeper, 1024**2, 3600)

        async def noted(content: bytes) -> None:
            agent.change("a.txt", content)
            await checkpoints.put_files("turn", "session", Collected(kept=(agent.kept,)))

        async def undone() -> str:
            row = await checkpoints.of("turn")
            assert row is not None
            (item,) = row.items
            assert undoer.undo("a.txt", read_kept(item.before), read_file(item.after).written).done
            return (folder / "a.txt").read_text()

        await noted(b"agent\n")
        await noted(b"agent again\n")
        assert await undone() == "one\ntwo\nthree\nfour\nfive\n"
        await noted(b"agent\n")
        (folder / "a.txt").write_text("mine, and longer than before\n")
        await noted(b"agent on top\n")
        assert await undone() == "mine, and longer than before\n"
        kept = {path.name for path in (tmp_path / "kept").iterdir()}
        row = await checkpoints.of("turn")
        assert row is not None
        (item,) = row.items
        before, after = read_kept(item.before), read_file(item.after).written
        assert kept == {side.blob for side in (before, after) if side is not None}, "what nothing needs is dropped"
