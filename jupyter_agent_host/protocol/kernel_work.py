"""Between the host and a cell that waits for its agent: errands for the thread that cells run in."""

from __future__ import annotations

from typing import Literal

from jupyter_agent_host.protocol.events import Json
from jupyter_agent_host.protocol.host_api import Answer, Done, Request


class KernelWorkRequest(Request, frozen=True, kw_only=True):
    """The waiting cell of this turn asks what it can do. Answered at once when there is something, else in a while."""

    turn_id: str
    path: str = ""


class KernelWork(Answer, frozen=True, kw_only=True):
    """One errand; none when `work_id` and `stops` are "". `over`: the turn ended, nothing more will come.

    `run`: run `code` as a cell would, its outputs as caused by the message `parent` (a header of the messaging
    protocol). `look`: answer `request` as `kernel_inspector` does. `stop`: raise KeyboardInterrupt in the errand
    `stops`.
    """

    work_id: str = ""
    kind: Literal["", "run", "look", "stop"] = ""
    code: str = ""
    parent: Json = None
    request: Json = None
    stops: str = ""
    over: bool = False


class KernelWorkDone(Request, frozen=True, kw_only=True):
    """An errand's end. `error` is the exception's name and value; `result` is a look's answer."""

    work_id: str
    status: Literal["ok", "error", "aborted"] = "ok"
    error: str = ""
    result: Json = None
    path: str = ""


KERNEL_VERBS: dict[str, tuple[type[Request], type[Answer]]] = {
    "kernel_work": (KernelWorkRequest, KernelWork),
    "kernel_work_done": (KernelWorkDone, Done),
}
"""Verbs that only a kernel has, by its signature."""
