"""What an agent under bubblewrap finds, and what happens when it takes too much."""

from __future__ import annotations

import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from child_leftovers import marked_processes

from jupyter_agent_host.errors import SandboxGoneError, SandboxOutOfMemoryError
from jupyter_agent_host.providers.common.cgroup import find_place
from jupyter_agent_host.providers.common.child_sandbox import ChildSandbox
from jupyter_agent_host.providers.local.provider import LocalProvider
from jupyter_agent_host.sandbox.spec import HOME, BindWorkspace, Limits, SandboxSpec
from jupyter_agent_host.testing.sandbox_shell import open_inside

pytestmark = [pytest.mark.anyio, pytest.mark.bubblewrap]
MIB = 1024**2
needs_groups = pytest.mark.skipif(find_place() is None, reason="no control group can be made here")

ATTEMPTS = f"""
for path in / /usr /etc /run /dev /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys {sys.prefix}; do
  test -w "$path" && echo "WRITABLE $path"
done
unshare --user true 2>/dev/null && echo NAMESPACES
mount --bind /tmp /usr 2>/dev/null && echo MOUNTED
cat /etc/shadow /etc/ssl/private/* /proc/kcore 2>/dev/null | head -c 1 | grep -q . && echo SECRETS
for folder in {Path.home()} /var /srv /opt /mnt {sys.prefix}/share/jupyter {sys.prefix}/etc/jupyter; do
  find "$folder" -maxdepth 1 -type f 2>/dev/null
done
ls -d /proc/[0-9]* | wc -l
grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status | tr -s '\\t\\n' '  '
echo; hostname; id -un; echo "$HOME $PWD"
"""


@pytest.fixture
async def provider(tmp_path: Path) -> LocalProvider:
    made = LocalProvider()
    report = await made.probe()
    if not report.available:
        pytest.skip(report.reason)
    return made


@pytest.fixture
async def spec(provider: LocalProvider, tmp_path: Path) -> SandboxSpec:
    report = await provider.probe()
    folder = tmp_path / "workspace"
    folder.mkdir()
    return SandboxSpec(
        host_id="isolation",
        notebook_id="n",
        session_id="s",
        token=secrets.token_hex(32),
        workspace=BindWorkspace(folder),
        user=report.sandbox_user,
        environment={"ISOLATION_TEST": secrets.token_hex(8)},
    )


async def test_what_an_agent_can_do_there(provider: LocalProvider, spec: SandboxSpec) -> None:
    sandbox = await provider.create(spec)
    try:
        async with open_inside(sandbox, spec.token) as inside:
            seen = (await inside.run(ATTEMPTS)).splitlines()
    finally:
        await sandbox.destroy()
    processes, status, *names = seen
    assert int(processes) < 20
    assert status.split() == ["CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1"]
    assert names == ["agent-host", "agent", f"{HOME} /workspace"]


@needs_groups
async def test_a_tool_that_takes_too_much_memory_dies_alone(provider: LocalProvider, spec: SandboxSpec) -> None:
    sandbox = await provider.create(replace(spec, limits=Limits(mem_bytes=700 * MIB)))
    try:
        async with open_inside(sandbox, spec.token) as inside:
            seen = await inside.run(HOG)
            assert "SURVIVED" not in seen
            assert "status 137" in seen
            assert "still here" in await inside.run("echo still here")
        assert await sandbox.exit_state() is None
        assert (await sandbox.stats()).mem_bytes < 700 * MIB
    finally:
        await sandbox.destroy()
    state = await sandbox.exit_state()
    assert state is not None
    assert not state.oom_killed, "it was ended by us, whatever died in it before"


@needs_groups
async def test_too_little_memory_to_start_is_told(provider: LocalProvider, spec: SandboxSpec) -> None:
    with pytest.raises(SandboxOutOfMemoryError, match="20 MiB"):
        await provider.create(replace(spec, limits=Limits(mem_bytes=20 * MIB)))
    assert marked_processes(spec.environment["ISOLATION_TEST"]) == []


@needs_groups
async def test_a_fork_bomb_is_bounded(provider: LocalProvider, spec: SandboxSpec) -> None:
    sandbox = await provider.create(replace(spec, limits=Limits(pids=100)))
    assert isinstance(sandbox, ChildSandbox)
    try:
        async with open_inside(sandbox, spec.token) as inside:
            seen = await inside.run(BOMB)
            assert "BlockingIOError" in seen
            assert 0 < (await sandbox.stats()).pids <= 100
    finally:
        started = time.monotonic()
        await sandbox.destroy()
    assert time.monotonic() - started < 10
    assert marked_processes(spec.environment["ISOLATION_TEST"]) == []


async def test_the_box_cannot_send_the_host_elsewhere(provider: LocalProvider, spec: SandboxSpec) -> None:
    sandbox = await provider.create(spec)
    assert isinstance(sandbox, ChildSandbox)
    try:
        sandbox.socket.rename(sandbox.socket.with_name("real"))
        sandbox.socket.symlink_to("real")
        with pytest.raises(SandboxGoneError):
            await sandbox.connect()
    finally:
        await sandbox.destroy()


HOG = """
python3 -c 'hog = b"x" * 2**30; print("SURV" + "IVED")'
echo status $?
"""

BOMB = """
python3 - <<'PYTHON'
import os, time
try:
    while True:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
except OSError as error:
    print(type(error).__name__, flush=True)
os._exit(0)
PYTHON
"""
