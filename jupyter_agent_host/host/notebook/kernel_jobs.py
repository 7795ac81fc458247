"""Runs that may take longer than one waits: begun, polled, awaited, stopped; the agent hears of their end.

Each is in the journal while it runs. A server that is killed takes its kernels and our listening with it, so what an
earlier server began and did not see to its end is lost, and the agent hears of that instead.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence

import anyio
from anyio.abc import TaskGroup

from jupyter_agent_host.errors import AgentHostError, NotebookError
from jupyter_agent_host.host.notebook.cell_outputs import Gathered
from jupyter_agent_host.host.notebook.kernel_interface import Execution
from jupyter_agent_host.host.turns.queued_turn import QueuedTurn
from jupyter_agent_host.host.wait_any import wait_any
from jupyter_agent_host.store.journal.job_store import JobStore
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import JobRow

logger = logging.getLogger(__name__)

_MAX_OPEN = 8
_MAX_KEPT = 32
_MAX_WAKES = 20

Work = Callable[["Job"], Awaitable[Execution]]


class Job:
    """One run. `gathered` grows while it runs; `told` is set once the agent has heard of its end, or needs not to."""

    def __init__(self, row: JobRow) -> None:
        self.row = row
        self.gathered = Gathered()
        self.note = ""
        self.began = anyio.current_time()
        self.seconds = 0.0
        self.execution: Execution | None = None
        self.ended = anyio.Event()
        self.told = anyio.Event()
        self.scope = anyio.CancelScope()

    @property
    def id(self) -> str:
        """What the model calls it."""
        return f"j{self.row.number}"

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        return self.row.title

    async def wait(self, seconds: float) -> bool:
        """Whether it ended within that time."""
        with anyio.move_on_after(seconds):
            await self.ended.wait()
        return self.ended.is_set()

    @property
    def elapsed(self) -> float:
        """Seconds so far, or in all."""
        return self.seconds if self.ended.is_set() else anyio.current_time() - self.began


Wake = Callable[[Job], Awaitable[None]]
WakeLost = Callable[[Sequence[JobRow]], Awaitable[None]]


async def _wake_nobody(job: Job) -> None:
    logger.info("job %s ended", job.id)


async def _wake_nobody_lost(rows: Sequence[JobRow]) -> None:
    logger.info("%d jobs were lost", len(rows))


class Jobs:
    """One agent's jobs. `wake` and `wake_lost` begin a turn that tells the agent of a job's end, or of lost ones."""

    def __init__(
        self, notebook_id: str, journal: Journal, tasks: TaskGroup, running_turn: Callable[[], QueuedTurn | None]
    ) -> None:
        self.wake: Wake = _wake_nobody
        self.wake_lost: WakeLost = _wake_nobody_lost
        self._notebook_id = notebook_id
        self._tasks = tasks
        self._running_turn = running_turn
        self._store = JobStore(journal, notebook_id)
        self._jobs: dict[str, Job] = {}
        self._lost: dict[str, JobRow] = {}
        self._unsaid: list[JobRow] = []
        self._last_number = 0
        self._wakes = 0

    async def load(self) -> None:
        """Learn what earlier servers left, and have the agent told of it once it has time."""
        rows = await self._store.take_over()
        self._last_number = max((row.number for row in rows), default=0)
        self._lost = {f"j{row.number}": row for row in rows if row.state == "lost"}
        if any(not row.told for row in self._lost.values()):
            self._tasks.start_soon(self._tell_lost)

    def begin(
        self,
        title: str,
        work: Work,
        *,
        request_id: str,
        turn_id: str,
        headless: bool,
        cell_ids: tuple[str, ...] = (),
    ) -> Job:
        """Start a run in a task of its own.

        A call, by its `request_id`, that began a job in an earlier server begins none again. `cell_ids` are the cells
        that the job runs.

        Raises:
            NotebookError: too many run, or the call was carried out before.
        """
        self.refuse_repeated(request_id)
        if len(self.open) >= _MAX_OPEN:
            raise NotebookError(f"{_MAX_OPEN} jobs run already; wait for one of them or stop it.")
        self._last_number += 1
        row = JobRow(
            notebook_id=self._notebook_id,
            number=self._last_number,
            request_id=request_id,
            turn_id=turn_id,
            title=title,
            headless=headless,
            cell_ids=cell_ids,
            began=time.time(),
        )
        job = Job(row)
        self._jobs[job.id] = job
        self._forget_old()
        self._tasks.start_soon(self._run, job, work)
        return job

    def refuse_repeated(self, request_id: str) -> None:
        """A call is said again to a restarted server, but code that ran may not be run twice.

        Raises:
            NotebookError: it began a job that is lost.
        """
        for job_id, row in self._lost.items():
            if row.request_id == request_id:
                raise NotebookError(
                    f"The server was restarted while this ran as job {job_id}; it was not run again. Whether it ran to"
                    " its end is not known, and a kernel of that server ended with it. Look before you repeat it."
                )

    def get(self, job_id: str) -> Job | JobRow:
        """The job of that id; of one that was lost, what the journal has.

        Raises:
            NotebookError: there is none (any more).
        """
        found = self._jobs.get(job_id) or self._lost.get(job_id)
        if found is None:
            known = ", ".join((*self._lost, *self._jobs)) or "none"
            raise NotebookError(f"There is no job {job_id[:40]!r}; known: {known}.")
        return found

    @property
    def open(self) -> tuple[Job, ...]:
        """Those that run."""
        return tuple(job for job in self._jobs.values() if not job.ended.is_set())

    def running_cell(self, turn_id: str, cell_id: str) -> Job | None:
        """The job of that turn that runs the cell, or is about to."""
        return next((job for job in self.open if job.row.turn_id == turn_id and cell_id in job.row.cell_ids), None)

    def stop_turn(self, turn_id: str) -> None:
        """The person interrupted a turn: what it began stops, too, and needs no telling."""
        for job in self.open:
            if job.row.turn_id == turn_id:
                job.told.set()
                job.scope.cancel()

    def person_spoke(self) -> None:
        """A person's own prompt: jobs may wake the agent again."""
        self._wakes = 0

    async def told_lost(self, rows: Sequence[JobRow]) -> None:
        """The agent heard that these are lost."""
        await self._store.told([row.number for row in rows])

    def take_unsaid(self) -> list[JobRow]:
        """Lost ones that no turn could be begun for: to be told with the next prompt. Given once."""
        rows, self._unsaid = self._unsaid, []
        return rows

    async def _run(self, job: Job, work: Work) -> None:
        try:
            with job.scope:
                await self._store.begin(job.row)
                job.execution = await work(job)
            if job.scope.cancelled_caught:
                job.execution = Execution("aborted", error="Stopped.")
        except AgentHostError as err:
            job.execution = Execution("aborted", error=str(err))
        except Exception as err:  # a defect of ours ends this one job
            logger.exception("job %s of %s failed", job.id, self._notebook_id)
            job.execution = Execution("aborted", error=f"The host failed to run it ({type(err).__name__}).")
        finally:
            job.seconds = anyio.current_time() - job.began
            job.ended.set()
        await self._tell(job)

    async def _tell(self, job: Job) -> None:
        """Wake the agent with a turn of its own, unless it heard of the end while its turn ran."""
        turn = self._running_turn()
        if turn is not None and turn.turn_id == job.row.turn_id:
            await wait_any(turn.ended, job.told)
        try:
            if not job.told.is_set() and self._may_wake():
                job.told.set()
                await self.wake(job)
            await self._store.end(job.row.number)
        except AgentHostError as err:
            logger.info("the agent of %s was not woken: %s", self._notebook_id, err)

    async def _tell_lost(self) -> None:
        turn = self._running_turn()
        if turn is not None:
            await turn.ended.wait()
        rows: list[JobRow] = []
        try:
            rows = await self._store.untold()
            if rows:
                await self.told_lost(rows)
                await self.wake_lost(rows)
        except AgentHostError as err:  # such as a conversation that nobody vouched for yet
            logger.info("the agent of %s hears of lost jobs later: %s", self._notebook_id, err)
            self._unsaid = rows

    def _may_wake(self) -> bool:
        self._wakes += 1
        return self._wakes <= _MAX_WAKES

    def _forget_old(self) -> None:
        ended = [job_id for job_id, job in self._jobs.items() if job.ended.is_set()]
        for job_id in ended[: max(0, len(self._jobs) - _MAX_KEPT)]:
            del self._jobs[job_id]
