"""Jupyter run as root, as uid 1000 and as uid 1001, from a venv on a pyenv-like Python inside the person's home."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from other_home import OtherHome, make_home

pytestmark = [
    pytest.mark.bubblewrap,
    pytest.mark.skipif(os.getuid() != 0, reason="needs root to become other users"),
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]

LABELS = (
    "uid",
    "folder",
    "owner of a new file",
    "given file",
    "secret files found",
    "files with the secret mark",
    "prefix",
    "a GiB in one process",
    "a fork bomb ends in",
    "outside the workspace",
)
SCRIPT = Path(__file__).with_name("person_script.py")


@pytest.fixture(scope="module")
def home() -> Iterator[OtherHome]:
    with tempfile.TemporaryDirectory(prefix="jt-") as folder:
        Path(folder).chmod(0o755)
        yield make_home(Path(folder))


@pytest.mark.parametrize("uid", [0, 1000, 1001])
def test_a_person_with_python_in_their_home(home: OtherHome, uid: int) -> None:
    notebooks = home.disk / "project/notebooks"
    (notebooks / "given.txt").write_text("given\n")
    (notebooks / "made.txt").unlink(missing_ok=True)
    done = home.run_as(uid, SCRIPT, str(home.notebooks), str(home.run_dir))
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout)
    assert answer["available"], answer["reason"]
    assert answer["overlay"]
    assert dict(zip(LABELS, answer["seen"], strict=True)) == {
        "uid": str(uid or 1000),
        "folder": "/workspace",
        "owner of a new file": "agent",
        "given file": "given",
        "secret files found": "0",
        "files with the secret mark": "0",
        "a GiB in one process": "137" if uid == 0 else "1",
        "a fork bomb ends in": "BlockingIOError",
        "prefix": str(home.path / "project/venv"),
        "outside the workspace": "read-only",
    }
    made = (notebooks / "made.txt").stat()
    assert [made.st_uid, made.st_gid] == answer["owner"] == [uid, uid]
    assert answer["left"] == []
    assert any("memory limit holds for each process" in note for note in answer["notes"]) == (uid != 0)
