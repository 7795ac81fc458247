"""Makes every system call once, with arguments that mean nothing, each in a child; prints the numbers that are refused.

Run inside sandboxes: standard library only. Refused is what answers EPERM or ENOSYS.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_LAST = 460
_NEVER = {57, 58, 60, 231, 15, 34, 130}
"""fork, vfork, exit, exit_group, rt_sigreturn, pause, rt_sigsuspend of x86_64: nothing comes back from them."""

EPERM, ENOSYS, _NOTHING = 1, 38, 250


def refused(number: int) -> bool:
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(null, standard)
        libc = ctypes.CDLL(None, use_errno=True)
        nonsense = [ctypes.c_long(-1)] * 6
        result = libc.syscall(ctypes.c_long(number), *nonsense)
        os._exit(ctypes.get_errno() if result == -1 else _NOTHING)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) in (EPERM, ENOSYS)


if __name__ == "__main__":
    sys.stdout.write(" ".join(str(number) for number in range(_LAST) if number not in _NEVER and refused(number)))
