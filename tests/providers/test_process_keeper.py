"""The keeper ends as its command does, and nothing outlives it."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from child_leftovers import marked_processes

from jupyter_agent_host.providers.process import child_supervisor

KEEPER = [sys.executable, "-I", "-S", str(Path(child_supervisor.__file__))]
DAEMONS = "(setsid sh -c 'sleep 300 & sleep 300' &) ; sleep 0.1"


def test_the_exit_code_is_the_commands() -> None:
    assert subprocess.run([*KEEPER, "", "sh", "-c", "exit 7"], check=False).returncode == 7
    assert subprocess.run([*KEEPER, "", "sh", "-c", "kill -9 $$"], check=False).returncode == 137
    missing = subprocess.run([*KEEPER, "", "/no/such"], check=False, capture_output=True, text=True)
    assert missing.returncode == 127
    assert missing.stderr == "/no/such: No such file or directory\n"


def test_limits_hold_for_the_command() -> None:
    done = subprocess.run(
        [*KEEPER, "CORE=0,NOFILE=99", "sh", "-c", "ulimit -n; ulimit -c"], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["99", "0"]


def test_stdin_and_environment_are_the_commands() -> None:
    done = subprocess.run(
        [*KEEPER, "", "sh", "-c", "cat; env"], input=b"line", env={"A": "b"}, check=True, capture_output=True
    )
    assert done.stdout.startswith(b"line")
    assert b"A=b\n" in done.stdout


@pytest.mark.parametrize("ending", ["its command ends", "it is told to stop", "its starter is killed"])
def test_nothing_outlives_it(ending: str) -> None:
    marker = secrets.token_hex(16)
    more = "exit 0" if ending == "its command ends" else "sleep 300"
    command = [*KEEPER, "", "sh", "-c", f"{DAEMONS}; echo up; {more}"]
    if ending == "its starter is killed":
        command = [sys.executable, "-c", f"import subprocess; subprocess.run({command!r})"]
    with subprocess.Popen(command, env={"MARKER": marker, "PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"up\n"
        if ending == "it is told to stop":
            started.send_signal(signal.SIGTERM)
        elif ending == "its starter is killed":
            started.kill()
        assert started.wait(20) == {"its command ends": 0, "it is told to stop": 143}.get(ending, -signal.SIGKILL)
        deadline = time.monotonic() + 10
        while marked_processes(marker) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert marked_processes(marker) == []
