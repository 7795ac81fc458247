"""The cell that waits for its agent: what the host asks it to do meanwhile, in the thread that cells run in.

A `%%agent` cell occupies the kernel's queue until its turn ends, so code sent there would wait for the turn that sent
it. The waiting cell asks for errands instead, and carries them out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import anyio

from jupyter_agent_host.errors import NotebookUnavailableError
from jupyter_agent_host.protocol.kernel_work import KernelWork, KernelWorkDone

_POLL_SECONDS = 10.0
_ATTACH_SECONDS = 5.0
_SILENT_SECONDS = 30.0


class WaitingCell:
    """One notebook's waiting cell, while there is one. All on the host's event loop."""

    def __init__(self) -> None:
        self._turn_id = ""
        self._kernel_id = ""
        self._last_seen = -_SILENT_SECONDS
        self._errands: deque[KernelWork] = deque()
        self._wake = anyio.Event()
        self._open: dict[str, _Open] = {}

    def holds(self, turn_id: str, kernel_id: str = "") -> bool:
        """Whether the cell of this turn waits now, in that kernel (any, if none is named)."""
        seen = anyio.current_time() - self._last_seen < _SILENT_SECONDS
        return seen and bool(turn_id) and self._turn_id == turn_id and kernel_id in ("", self._kernel_id)

    async def attached(self, turn_id: str) -> bool:
        """Wait a moment for the cell of a turn that has just begun."""
        with anyio.move_on_after(_ATTACH_SECONDS):
            while not self.holds(turn_id):
                await self._wake.wait()
        return self.holds(turn_id)

    async def next(self, turn_id: str, kernel_id: str, is_over: Callable[[], bool]) -> KernelWork:
        """The next errand for this cell; an empty one after a while without any, or once the turn is over."""
        self._turn_id, self._kernel_id = turn_id, kernel_id
        self._seen()
        with anyio.move_on_after(_POLL_SECONDS):
            while not self._errands and not is_over():
                wake = self._wake
                with anyio.move_on_after(1):  # a turn that ends tells nobody here
                    await wake.wait()
        self._last_seen = anyio.current_time()
        if is_over():
            self._let_go()
        return self._errands.popleft() if self._errands else KernelWork(over=is_over())

    def done(self, done: KernelWorkDone) -> bool:
        """An errand was carried out; False when nobody waits for it."""
        self._seen()
        found = self._open.get(done.work_id)
        if found is not None:
            found.result = done
            found.settled.set()
        return found is not None

    def _let_go(self) -> None:
        """The turn is over: what the cell did not take yet will not be done."""
        left = [work for work in self._errands if work.work_id]
        self._errands = deque(work for work in self._errands if not work.work_id)
        for work in left:
            self._open[work.work_id].settled.set()

    async def carry_out(self, kind: str, **what: Any) -> KernelWorkDone:
        """Have one errand done. Cancelling tells the cell to stop it, and does not wait.

        Raises:
            NotebookUnavailableError: the cell ended before.
        """
        work = KernelWork(work_id=uuid4().hex, kind=kind, **what)  # type: ignore[arg-type]
        one = self._open[work.work_id] = _Open()
        self._put(work)
        try:
            await one.settled.wait()
        except anyio.get_cancelled_exc_class():
            if work in self._errands:
                self._errands.remove(work)
            else:
                self._put(KernelWork(kind="stop", stops=work.work_id))
            raise
        finally:
            self._open.pop(work.work_id, None)
        if one.result is None:
            raise NotebookUnavailableError("The cell that waited for the agent ended before it could run this.")
        return one.result

    def stop(self) -> bool:
        """Tell the cell to stop the errands that it is at; False when it is at none."""
        running = [work_id for work_id in self._open if all(work.work_id != work_id for work in self._errands)]
        for work_id in running:
            self._put(KernelWork(kind="stop", stops=work_id))
        return bool(running)

    def _put(self, work: KernelWork) -> None:
        self._errands.append(work)
        self._seen(by_cell=False)

    def _seen(self, *, by_cell: bool = True) -> None:
        if by_cell:
            self._last_seen = anyio.current_time()
        wake, self._wake = self._wake, anyio.Event()
        wake.set()


class _Open:
    def __init__(self) -> None:
        self.settled = anyio.Event()
        self.result: KernelWorkDone | None = None
