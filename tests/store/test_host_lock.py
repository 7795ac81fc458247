"""Who is alive: told by a lock, never by a process number."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_agent_host.errors import StoreError
from jupyter_agent_host.store.host_lock import HostLock, data_folder_id, is_alive


def test_a_host_lives_until_it_lets_go(tmp_path: Path) -> None:
    with HostLock(tmp_path) as lock:
        assert is_alive(tmp_path, lock.owner)
        assert is_alive(tmp_path, lock.owner), "asking must not take the lock"
        with HostLock(tmp_path) as other:
            assert other.owner != lock.owner
    assert not is_alive(tmp_path, lock.owner)
    lock.release()


def test_a_killed_host_is_dead_though_its_child_lives(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time; from pathlib import Path;"
        "from jupyter_agent_host.store.host_lock import HostLock;"
        "lock = HostLock(Path(sys.argv[1])); child = subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL);"
        "print(lock.owner, child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        owner, child = host.stdout.readline().split()
        try:
            assert is_alive(tmp_path, owner)
            host.kill()
            host.wait()
            assert not is_alive(tmp_path, owner)
        finally:
            subprocess.run(["kill", f"-{signal.SIGKILL.value}", child], check=True)


def test_the_next_host_clears_away_the_dead_and_spares_the_living(tmp_path: Path) -> None:
    dead = "ab" * 16
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts" / f"{dead}.lock").touch()
    with HostLock(tmp_path) as lock, HostLock(tmp_path):
        assert not (tmp_path / "hosts" / f"{dead}.lock").exists()
        assert is_alive(tmp_path, lock.owner)


@pytest.mark.parametrize("owner", ["", "../../etc/passwd", "zz" * 16, "ab" * 200])
def test_what_is_no_id_is_not_alive(tmp_path: Path, owner: str) -> None:
    assert not is_alive(tmp_path, owner)


def test_a_data_folder_has_one_id_for_ever(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = data_folder_id(folder)
    assert data_folder_id(folder) == first
    assert data_folder_id(tmp_path / "other") != first
    assert stat.S_IMODE((folder / "id").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["id"]


def test_a_spoilt_id_is_said(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("hello; rm -rf")
    with pytest.raises(StoreError, match="does not hold a data folder's id"):
        data_folder_id(tmp_path)
