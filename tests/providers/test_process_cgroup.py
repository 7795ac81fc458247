"""Where control groups may be made, told from the kernel's own tables; and one real group where that is permitted."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from uuid import uuid4

import pytest

from jupyter_agent_host.errors import SandboxError
from jupyter_agent_host.providers.common.cgroup import Cgroup, find_place
from jupyter_agent_host.sandbox.spec import Limits


def test_version_2_uses_the_nearest_ancestor_that_hands_controllers_down(tmp_path: Path) -> None:
    user = tmp_path / "mnt/user.slice/user@1000.service"
    own = user / "app.slice/jupyter.scope"
    own.mkdir(parents=True)
    for folder, handed in ((own, ""), (own.parent, "pids"), (user, "cpu memory pids")):
        (folder / "cgroup.procs").touch()
        (folder / "cgroup.subtree_control").write_text(handed)
    place = find_place(
        *_tables(tmp_path, "cgroup2 cgroup2 rw", "0::/user.slice/user@1000.service/app.slice/jupyter.scope")
    )
    assert place is not None
    assert place.version == 2
    assert place.folders == {"cpu": user, "memory": user, "pids": user}


def test_version_2_limits_are_written(tmp_path: Path) -> None:
    user = tmp_path / "mnt/user"
    user.mkdir(parents=True)
    (user / "cgroup.procs").touch()
    (user / "cgroup.subtree_control").write_text("memory pids cpu")
    place = find_place(*_tables(tmp_path, "cgroup2 cgroup2 rw", "0::/user"))
    assert place is not None
    group = Cgroup.make(place, "jah-x", Limits())
    for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.max"):
        (user / "jah-x" / name).touch()
    group._limit(Limits(mem_bytes=1000, cpus=0.5, pids=7))
    written = {path.name: path.read_text() for path in (user / "jah-x").iterdir()}
    assert written == {"memory.max": "1000", "memory.swap.max": "0", "pids.max": "7", "cpu.max": "50000 100000"}
    (user / "jah-x/memory.events").write_text("low 0\noom 4\noom_kill 3\n")
    assert group.oom_kills() == 3


@pytest.mark.parametrize("table", ["", "1 2 0:3 / {mnt} rw - cgroup2 cgroup2 rw"])
def test_no_place_is_none(tmp_path: Path, table: str) -> None:
    (tmp_path / "mountinfo").write_text(table.format(mnt=tmp_path))
    (tmp_path / "own").write_text("0::/\n")
    assert find_place(tmp_path / "mountinfo", tmp_path / "own") is None
    assert find_place(tmp_path / "absent", tmp_path / "own") is None


def test_a_real_group_holds_kills_and_goes() -> None:
    place = find_place()
    if place is None:
        pytest.skip("no control group can be made here")
    group = Cgroup.make(place, f"jah-test-{uuid4().hex[:8]}", Limits(mem_bytes=64 * 2**20, pids=20))
    try:
        with subprocess.Popen(["sh", "-c", "read -r _; sleep 300 & sleep 300"], stdin=subprocess.PIPE) as child:
            group.add(child.pid)
            assert child.stdin is not None
            child.stdin.write(b"\n")
            child.stdin.flush()
            deadline = time.monotonic() + 5
            while len(group.pids()) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            stats = group.stats()
            assert stats.pids is not None
            assert stats.pids >= 2
            assert stats.mem_bytes is not None
            with pytest.raises(SandboxError):
                Cgroup.make(place, next(iter(group._folders.values())).name, Limits())
            group.kill()
            assert child.wait(5) == -9
        assert group.pids() == []
        assert group.oom_kills() == 0
    finally:
        group.remove()
    group.remove()
    assert not any(folder.exists() for folder in group._folders.values())


def _tables(folder: Path, mount: str, own: str) -> tuple[Path, Path]:
    kind = mount.split(maxsplit=1)[0]
    (folder / "mountinfo").write_text(f"1 2 0:3 / {folder / 'mnt'} rw,nosuid - {kind} {mount.split(maxsplit=1)[1]}\n")
    (folder / "own").write_text(f"{own}\n")
    return folder / "mountinfo", folder / "own"
