"""Runs one command and ends with it: run as a script, by path, with nothing but the standard library.

    python -I -S process_keeper.py LIMITS COMMAND...

LIMITS is `NAME=value,...` of resource limits for the command, names as in setrlimit(2) without the prefix. The keeper
adopts whatever its command leaves behind (PR_SET_CHILD_SUBREAPER) and gets SIGTERM when the thread that
started it ends (PR_SET_PDEATHSIG). At SIGTERM, or when the command ended, it kills every descendant, then exits as the
command did. See prctl(2).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_STARTER_GONE = 143


def main(limits: str, command: list[str]) -> int:
    """Run the command; the exit code is its own, or 128 plus the number of the signal that ended it."""
    starter = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_PDEATHSIG, int(signal.SIGTERM)), (_PR_SET_CHILD_SUBREAPER, 1)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    signal.signal(signal.SIGTERM, _stop)
    if os.getppid() != starter:
        return _STARTER_GONE  # it ended before the kernel knew that we want to hear of it
    return _run(limits, command)


def _run(limits: str, command: list[str]) -> int:
    try:
        child = os.fork()
        if child == 0:
            _become(limits, command)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        while True:
            pid, status = os.wait()
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                return 128 - code if code < 0 else code
    except SystemExit as stop:
        return int(str(stop.code))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _kill_descendants()


def _become(limits: str, command: list[str]) -> NoReturn:
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _set_limits(limits)
        os.execvp(command[0], command)  # noqa: S606 - the command is our caller's
    except OSError as err:
        os.write(2, f"{command[0]}: {err.strerror}\n".encode())
        os._exit(127)


def _set_limits(limits: str) -> None:
    for item in filter(None, limits.split(",")):
        name, _, text = item.partition("=")
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        value = int(text) if hard == resource.RLIM_INFINITY else min(int(text), hard)
        resource.setrlimit(number, (value, value))


def _stop(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of a signal handler
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _kill_descendants() -> None:
    """Every child is killed until there is none: what a killed child leaves becomes our child."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def _children() -> list[int]:
    """Our children that run or wait to be reaped: neither goes away before we reap it, so no pid is reused."""
    me, found = os.getpid(), []
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would cost a third of this script's start
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as handle:  # noqa: PTH123 - the same
                    parent = int(handle.read().rpartition(b")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == me:
                found.append(int(name))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
