"""Jupyter run as root, as uid 1000 and as uid 1001, with an engine that runs as root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker_setup import missing_reason

from jupyter_agent_host.container_engine.engine import open_engine

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.getuid() != 0, reason="needs root to become other users"),
]


@pytest.fixture
def engine_socket() -> str:
    if missing_reason():
        pytest.skip(missing_reason())
    engine = open_engine()
    engine.client.close()
    if not engine.endpoint.local or engine.rootless:
        pytest.skip("needs an engine of root's on a unix socket")
    return engine.endpoint.url.partition("://")[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jt-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.mark.parametrize("uid", [0, 1000, 1001])
def test_the_person_owns_what_the_agent_writes(folder: Path, engine_socket: str, uid: int) -> None:
    inside = uid or 1000
    for name, owner in (("run", uid), ("lower", uid), ("upper", inside), ("work", inside)):
        (folder / name).mkdir(mode=0o700)
        os.chown(folder / name, owner, owner)
    private = folder / "lower" / "private.txt"
    private.write_text("for my eyes\n")
    private.chmod(0o600)
    os.chown(private, uid, uid)

    script = Path(__file__).with_name("docker_person.py")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), str(uid), engine_socket, str(folder)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen, left = (json.loads(line) for line in done.stdout.splitlines())
    assert seen["overlay"]
    assert seen["owner"] == [inside, inside]
    assert seen["seen"] == [str(inside), str(inside), "for my eyes", "wrote"]
    assert not any("cannot be changed" in note for note in seen["notes"])
    assert left == []
    assert private.read_text() == "for my eyes\n"
    upper = folder / "upper"
    assert (upper / "private.txt").read_text() == "for my eyes\nmore\n"
    assert {path.stat().st_uid for path in upper.iterdir()} == {inside}
