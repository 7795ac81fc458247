"""Stopping code in a thread that no interrupt reaches."""

from __future__ import annotations

import ctypes
import threading


class StoppedByHost(KeyboardInterrupt):
    """Raised in a subshell's thread when the agent host asks its code to stop, or its deadline passed."""


def stop_thread(name: str) -> dict[str, bool]:
    """Ask the code in the thread of that name to stop. Code inside C notices when it comes back, if ever."""
    for thread in threading.enumerate():
        if thread.name == name and thread.ident is not None:
            raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(StoppedByHost)
            )
            return {"found": raised == 1}
    return {"found": False}
