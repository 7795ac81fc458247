"""The folder of one sandbox on the host: closed to others, never in the way of the person's files."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.providers.docker.id_mapped_mounts import can_map_ids
from jupyter_agent_host.providers.docker.sandbox_folder import SandboxFolder, make_folder

as_root = pytest.mark.skipif(not can_map_ids(), reason="id-mapped mounts need root on Linux")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxFolder:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return make_folder()


def test_only_the_parent_keeps_others_out(folder: SandboxFolder) -> None:
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert folder.leaf.stat().st_mode & 0o777 == 0o777
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder.socket))
    assert folder.write_nonce() != folder.write_nonce()


def test_without_a_runtime_folder_the_temporary_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/no/such/folder")
    folder = make_folder()
    assert folder.path.is_dir()
    folder.remove()
    assert not folder.path.exists()


def test_a_path_too_long_for_a_socket_is_said_and_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 90)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    with pytest.raises(ConfigError, match="XDG_RUNTIME_DIR"):
        make_folder()
    assert list(deep.iterdir()) == []


def test_removing_follows_no_link_and_happens_once(folder: SandboxFolder, tmp_path: Path) -> None:
    precious = tmp_path / "project"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    folder.link("upperdir", precious)
    (folder.leaf / "made-inside").symlink_to(precious)
    folder.remove()
    folder.remove()
    assert not folder.path.exists()
    assert (precious / "thesis.txt").read_text() == "years of work"


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    SandboxFolder(tmp_path).remove()
    SandboxFolder(Path()).remove()
    assert (tmp_path / "mine.txt").read_text() == "mine"


@as_root
def test_a_folder_can_be_shown_with_another_owner(folder: SandboxFolder, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "private.txt").write_text("0600")
    (project / "private.txt").chmod(0o600)
    (project / "theirs.txt").write_text("of somebody else")
    os.chown(project / "theirs.txt", 4242, 4242)
    shown = folder.show_as("lowerdir", project, (1234, 4321))
    owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in shown.iterdir()}
    assert owners == {"private.txt": (1234, 4321), "theirs.txt": (4242, 4242)}
    with pytest.raises(OSError, match="Read-only file system"):
        (shown / "private.txt").write_text("changed")
    with pytest.raises(OSError, match="Read-only file system"):
        (shown / "private.txt").unlink()
    folder.remove()
    assert not folder.path.exists()
    assert (project / "private.txt").read_text() == "0600"


@as_root
def test_what_cannot_be_mapped_leaves_nothing(folder: SandboxFolder) -> None:
    with pytest.raises(OSError, match=r"Invalid argument|Operation not permitted"):
        folder.show_as("lowerdir", Path("/proc"), (1234, 1234))
    assert not (folder.path / "lowerdir").exists()
    folder.remove()
