"""A host that is killed takes its child sandboxes with it, and the next host tidies up what was left on disk."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from child_leftovers import marked_processes

from jupyter_agent_host.providers.common.cgroup import find_place
from jupyter_agent_host.providers.common.run_folder import RunFolder
from jupyter_agent_host.providers.local.provider import LocalProvider
from jupyter_agent_host.providers.process.provider import ProcessProvider

pytestmark = pytest.mark.anyio
SCRIPT = Path(__file__).with_name("host_script.py")


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jt-") as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("kind", "provider"),
    [pytest.param("local", LocalProvider, marks=pytest.mark.bubblewrap), ("process", ProcessProvider)],
)
async def test_a_killed_host_leaves_no_process(
    kind: str, provider: type[LocalProvider | ProcessProvider], run_dir: Path
) -> None:
    next_host = provider(run_dir=str(run_dir))
    report = await next_host.probe()
    if not report.available:
        pytest.skip(report.reason)
    marker = secrets.token_hex(16)
    with subprocess.Popen([sys.executable, str(SCRIPT), kind, str(run_dir), marker], stdout=subprocess.PIPE) as host:  # noqa: ASYNC220 - a test may block
        assert host.stdout is not None
        assert host.stdout.readline() == b"ready\n"
        assert len(marked_processes(marker)) > 4, "runner, CLI and two sleeping orphans"
        left = _names(run_dir)
        assert len(left) == 1
        host.kill()
    _wait_until_gone(marker)
    assert await next_host.reattach("h") == []

    fresh = provider(run_dir=str(run_dir))
    await fresh.probe()
    assert _names(run_dir) == []
    place = find_place()
    assert not any((folder / left[0]).exists() for folder in (place.folders.values() if place else ()))


async def test_the_folder_of_a_living_host_is_left_alone(run_dir: Path) -> None:
    mine = RunFolder.make(run_dir)
    foreign = run_dir / "jah-of-another-provider"
    foreign.mkdir()
    os.utime(foreign, (0, 0))
    await ProcessProvider(run_dir=str(run_dir)).probe()
    assert mine.socket_folder.is_dir()
    mine.remove()
    mine.remove()
    assert _names(run_dir) == [foreign.name]


async def test_what_a_killed_host_was_still_making_goes_after_an_hour(run_dir: Path) -> None:
    young, old, half_removed = (run_dir / name for name in ("jahc.new-1", "jahc.new-2", "jahc-3"))
    for folder in (young, old, half_removed):
        (folder / "closed").mkdir(parents=True)
        (folder / "closed").chmod(0)
    for folder in (old, half_removed):
        os.utime(folder, (0, 0))
    await ProcessProvider(run_dir=str(run_dir)).probe()
    assert _names(run_dir) == [young.name]
    (young / "closed").chmod(0o700)


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _wait_until_gone(marker: str) -> None:
    deadline = time.monotonic() + 10
    while (left := marked_processes(marker)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
