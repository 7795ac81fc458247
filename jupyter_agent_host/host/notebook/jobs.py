"""Runs that may take longer than one waits: begun, polled, awaited, stopped; the agent hears of their end."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from jupyter_agent_host.errors import AgentHostError, NotebookError
from jupyter_agent_host.host.notebook.kernel import Execution
from jupyter_agent_host.host.notebook.outputs import Gathered

if TYPE_CHECKING:
    from jupyter_agent_host.host.agent import NotebookAgent

logger = logging.getLogger(__name__)

_MAX_OPEN = 8
_MAX_KEPT = 32
_MAX_WAKES = 20

Work = Callable[["Job"], Awaitable[Execution]]
Wake = Callable[["NotebookAgent", "Job"], Awaitable[None]]


class Job:
    """One run. `gathered` grows while it runs; `told` once the agent has heard of its end."""

    def __init__(self, job_id: str, title: str, turn_id: str, *, headless: bool) -> None:
        self.id = job_id
        self.title = title
        self.turn_id = turn_id
        self.headless = headless
        self.gathered = Gathered()
        self.note = ""
        self.began = anyio.current_time()
        self.seconds = 0.0
        self.execution: Execution | None = None
        self.ended = anyio.Event()
        self.told = False
        self.scope = anyio.CancelScope()

    async def wait(self, seconds: float) -> bool:
        """Whether it ended within that time."""
        with anyio.move_on_after(seconds):
            await self.ended.wait()
        return self.ended.is_set()

    @property
    def elapsed(self) -> float:
        """Seconds so far, or in all."""
        return self.seconds if self.ended.is_set() else anyio.current_time() - self.began


async def _wake_nobody(_agent: NotebookAgent, job: Job) -> None:
    logger.info("job %s ended", job.id)


class Jobs:
    """One agent's jobs. `wake` begins a turn that tells the agent of a job's end."""

    def __init__(self, agent: NotebookAgent) -> None:
        self.wake: Wake = _wake_nobody
        self._agent = agent
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(1)
        self._wakes = 0

    def begin(self, title: str, work: Work, *, turn_id: str, headless: bool) -> Job:
        """Start a run in a task of its own.

        Raises:
            NotebookError: too many run.
        """
        if sum(not job.ended.is_set() for job in self._jobs.values()) >= _MAX_OPEN:
            raise NotebookError(f"{_MAX_OPEN} jobs run already; wait for one of them or stop it.")
        job = Job(f"j{next(self._numbers)}", title, turn_id, headless=headless)
        self._jobs[job.id] = job
        self._forget_old()
        self._agent.services.tasks.start_soon(self._run, job, work)
        return job

    def get(self, job_id: str) -> Job:
        """The job of that id.

        Raises:
            NotebookError: there is none (any more).
        """
        job = self._jobs.get(job_id)
        if job is None:
            known = ", ".join(self._jobs) or "none"
            raise NotebookError(f"There is no job {job_id[:40]!r}; known: {known}.")
        return job

    @property
    def open(self) -> tuple[Job, ...]:
        """Those that run."""
        return tuple(job for job in self._jobs.values() if not job.ended.is_set())

    def stop_turn(self, turn_id: str) -> None:
        """The person interrupted a turn: what it began stops, too, and needs no telling."""
        for job in self.open:
            if job.turn_id == turn_id:
                job.told = True
                job.scope.cancel()

    def person_spoke(self) -> None:
        """A person's own prompt: jobs may wake the agent again."""
        self._wakes = 0

    async def _run(self, job: Job, work: Work) -> None:
        try:
            with job.scope:
                job.execution = await work(job)
            if job.scope.cancelled_caught:
                job.execution = Execution("aborted", error="Stopped.")
        except AgentHostError as err:
            job.execution = Execution("aborted", error=str(err))
        except Exception as err:  # a defect of ours ends this one job
            logger.exception("job %s of %s failed", job.id, self._agent.row.notebook_id)
            job.execution = Execution("aborted", error=f"The host failed to run it ({type(err).__name__}).")
        finally:
            job.seconds = anyio.current_time() - job.began
            job.ended.set()
        await self._tell(job)

    async def _tell(self, job: Job) -> None:
        """Wake the agent with a turn of its own, unless it heard of the end while its turn ran."""
        turn = self._agent.active
        if turn is not None and turn.turn_id == job.turn_id:
            await turn.ended.wait()
        if job.told or self._wakes >= _MAX_WAKES:
            return
        job.told = True
        self._wakes += 1
        try:
            await self.wake(self._agent, job)
        except AgentHostError as err:
            logger.info("the agent of %s was not woken: %s", self._agent.row.notebook_id, err)

    def _forget_old(self) -> None:
        ended = [job_id for job_id, job in self._jobs.items() if job.ended.is_set()]
        for job_id in ended[: max(0, len(self._jobs) - _MAX_KEPT)]:
            del self._jobs[job_id]
