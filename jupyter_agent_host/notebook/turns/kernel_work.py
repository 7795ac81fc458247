"""What a waiting `%%agent` cell does for its agent: runs code in the cell's own thread, and answers looks beside it."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable
from typing import Any

from jupyter_agent_host.client.agent_client import AgentClient
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.notebook.turns.interrupts import Interrupts
from jupyter_agent_host.protocol.kernel_work import KernelWork, KernelWorkDone, KernelWorkRequest

_PAUSE_SECONDS = 1.0
_INTERRUPT_SECONDS = 2.0

RunCode = Callable[[str, Any], str]
"""Runs code as a cell would, its outputs as caused by that message header; the error's name and value, or ""."""
Look = Callable[[dict[str, Any]], dict[str, Any]]


class Errands:
    """Errands of one turn, asked for in a thread of its own; `do_next` runs in the cell's.

    Attributes:
        on_arrival: called in that other thread when there is something to do.
    """

    def __init__(self, client: AgentClient, path: str, run_code: RunCode, look: Look) -> None:
        self._client = client
        self._path = path
        self._run_code = run_code
        self._look = look
        self._waiting: queue.SimpleQueue[KernelWork] = queue.SimpleQueue()
        self._running = ""
        self._stopped: set[str] = set()
        self._left = threading.Event()
        self.on_arrival: Callable[[], None] = lambda: None

    def start(self, turn_id: str) -> None:
        """Begin to ask for errands."""
        threading.Thread(target=self._poll, args=(turn_id,), name="agent-errands", daemon=True).start()

    def leave(self) -> None:
        """Ask no more."""
        self._left.set()

    def do_next(self, interrupts: Interrupts) -> None:
        """Run what waits, if anything does. An interrupt stops it, and counts as one of the turn's."""
        try:
            work = self._waiting.get_nowait()
        except queue.Empty:
            return
        if work.work_id in self._stopped:
            self._done(KernelWorkDone(work_id=work.work_id, status="aborted", error="Stopped.", path=self._path))
            return
        error = ""
        try:
            with interrupts.raised():
                self._running = work.work_id
                error = self._run_code(work.code, work.parent)
                self._running = ""
        except KeyboardInterrupt:
            error = "KeyboardInterrupt: "
        finally:
            self._running = ""
        ours = work.work_id in self._stopped
        by_person = error.startswith(("KeyboardInterrupt", "StoppedByHost")) and not ours
        if by_person:
            interrupts.add()
        status = "aborted" if ours and error else "error" if error else "ok"
        done = KernelWorkDone(work_id=work.work_id, status=status, error=error[:1000], path=self._path)  # type: ignore[arg-type]
        self._done(done, after_interrupt=by_person)

    def _poll(self, turn_id: str) -> None:
        while not self._left.is_set():
            try:
                work = self._client.call("kernel_work", KernelWorkRequest(turn_id=turn_id, path=self._path))
            except AgentHostError:
                self._left.wait(_PAUSE_SECONDS)
                continue
            if not isinstance(work, KernelWork):
                return
            self._take(work)
            if work.over and not self._running and self._waiting.empty():
                return
            if work.over:
                self._left.wait(_PAUSE_SECONDS)

    def _take(self, work: KernelWork) -> None:
        if work.kind == "run":
            self._waiting.put(work)
            self.on_arrival()
        elif work.kind == "look":
            request = work.request if isinstance(work.request, dict) else {}
            self._done(KernelWorkDone(work_id=work.work_id, result=self._look(request), path=self._path))
        elif work.kind == "stop":
            self._stopped.add(work.stops)
            if self._running == work.stops:
                _interrupt_main()

    def _done(self, done: KernelWorkDone, *, after_interrupt: bool = False) -> None:
        """Tell the host, in a thread of its own: the cell's thread waits for nobody.

        `after_interrupt`: the person stopped it, and the turn is to hear of that first, or it could end as if nothing
        had been.
        """

        def tell() -> None:
            if after_interrupt:
                self._left.wait(_INTERRUPT_SECONDS)
            try:
                self._client.call("kernel_work_done", done)
            except AgentHostError:
                # The host is away or gone; whoever waited for this there waits no more.
                return

        threading.Thread(target=tell, name="agent-errand-done", daemon=True).start()


def _interrupt_main() -> None:
    """As the person's interrupt would: also a sleeping cell wakes up."""
    thread = threading.main_thread()
    if thread.ident is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread.ident, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)
