"""Serves one agent's queue: the only task that starts, idles and ends its sandbox.

That one task makes every change of state is why eight prompts at once make one sandbox. This is the hybrid pattern:
a sandbox lives while there is work, and `idle_timeout` longer; the session outlives it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from functools import partial

import anyio

from jupyter_agent_host.errors import AgentHostError, SandboxGoneError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.agents.runner_events import RunnerEventHandler
from jupyter_agent_host.host.sandboxes.launch import launch
from jupyter_agent_host.host.sandboxes.sandbox_connection import LiveSandbox, Opening, Transcript
from jupyter_agent_host.host.tools.job_tools import losing
from jupyter_agent_host.host.turns import suspended_turn, turn_endings
from jupyter_agent_host.host.turns.queued_turn import QueuedTurn
from jupyter_agent_host.host.wait_any import wait_any
from jupyter_agent_host.protocol.events import Notice, PermissionAsked, SandboxState, TurnEnded
from jupyter_agent_host.protocol.host_api import SandboxStateName

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.5
_OUTDATED = "what you took back was still to be seen in it"
_MAX_PAUSE_SECONDS = 30.0


class Driver:
    """One agent's driver. `run` is its task; `NotebookAgent.stop` makes it end the sandbox."""

    def __init__(self, agent: NotebookAgent) -> None:
        self.agent = agent
        self.listener = RunnerEventHandler(agent)
        self._last_busy = time.monotonic()
        self._owed: tuple[QueuedTurn, TurnEnded] | None = None  # an end that is not in the journal yet

    async def run(self) -> None:
        """Serve turns one after another until cancelled. Trouble of any kind stays with this one agent."""
        pause = _PAUSE_SECONDS
        while True:
            try:
                await self._step()
                pause = _PAUSE_SECONDS
            except Exception:  # even our own bug here must not end the agents of every other notebook
                logger.exception("the agent of %s stumbled", self.agent.row.notebook_id)
                await anyio.sleep(pause)
                pause = min(pause * 2, _MAX_PAUSE_SECONDS)

    async def _step(self) -> None:
        await self._settle()
        turn = await self._next()
        live = self.agent.live
        if turn is not None:
            await self._serve(turn)
        elif live is not None and live.gone.is_set():
            error = live.gone_error()
            await self._clear(live, "lost", error.code)
            if live.overfull:
                await self.agent.emit("", Notice(level="error", code=error.code, text=str(error)))
        else:
            await self._retire()

    def adopt(self, live: LiveSandbox, turn: QueuedTurn | None, asked: Iterable[PermissionAsked]) -> None:
        """Take over a sandbox that an earlier host left, with the turn that still runs in it and its open questions."""
        agent = self.agent
        agent.live = live
        agent.questions.restore(asked)
        agent.life.enter("idle")
        if turn is not None:
            turn.sent, agent.active, agent.serving_session = True, turn, turn.session_id
            agent.queue.put_first(turn)
        agent.services.tasks.start_soon(live.run, agent.nudge)
        agent.nudge()

    def adopt_parked(self, turn: QueuedTurn, asked: Iterable[PermissionAsked]) -> None:
        """Take over a turn that waits for a person and whose sandbox is gone."""
        agent = self.agent
        agent.questions.restore(asked)
        turn.parked, agent.active, agent.serving_session = True, turn, turn.session_id
        agent.queue.put_first(turn)
        agent.nudge()

    async def _next(self) -> QueuedTurn | None:
        """The next turn; None when the sandbox is to be cleared away: gone, stopped by a person, or idle too long."""
        agent = self.agent
        while True:
            if agent.stop_wanted or (agent.live is not None and agent.live.gone.is_set()):
                return None
            turn = agent.queue.take()
            if turn is not None:
                return turn
            wake = agent.wake
            with anyio.move_on_after(self._idle_left()):
                await wake.wait()
            if not agent.queue and self._idle_left() == 0:
                return None

    def _idle_left(self) -> float | None:
        live = self.agent.live
        if live is None:
            return None
        if live.background_tasks:
            self._last_busy = time.monotonic()
        return max(0.0, self._last_busy + self.agent.services.settings.idle_timeout - time.monotonic())

    async def _serve(self, turn: QueuedTurn) -> None:
        agent = self.agent
        agent.active, agent.moments = turn, turn.moments
        turn.note("served")
        agent.scope.on_model_request = partial(turn.note, "model_asked")
        agent.scope.begin_turn(turn.session_id, turn.turn_id, turn.started, turn.request.max_budget_usd)
        try:
            while not await self._served(turn):
                logger.info("turn %s goes on after a person's decision", turn.turn_id[:8])
        except (AgentHostError, TimeoutError, OSError) as err:
            logger.info("turn %s failed: %s", turn.turn_id[:8], err)
            self._owed = turn, turn_endings.failed(err)
        except Exception as err:  # a provider is a plug-in, and we have bugs: the person shall hear of it either way
            logger.exception("turn %s failed", turn.turn_id[:8])
            self._owed = turn, turn_endings.failed(err)
        finally:
            self._last_busy = time.monotonic()
            if self._owed is None:
                agent.active = None
        live = agent.live
        if self._owed is not None and turn.sent and live is not None:
            agent.services.tasks.start_soon(agent.hush, turn, live)
        await self._settle()
        if live is not None and not live.gone.is_set():
            await self._enter("idle")

    async def _served(self, turn: QueuedTurn) -> bool:
        """Bring the turn to its end; False when it was parked instead, and is to be served again."""
        with turn.starting:
            if turn.parked:
                await self._await_decisions(turn)
            await self._deliver(turn)
        if turn.starting.cancelled_caught:
            self._owed = turn, turn_endings.interrupted()
            return True
        return await self._await_end(turn)

    async def _settle(self) -> None:
        """Journal the end of a turn that failed; until that worked there is nothing else to do for this agent."""
        if self._owed is not None:
            await self.agent.end_turn(*self._owed)
            self._owed = self.agent.active = None

    async def _deliver(self, turn: QueuedTurn) -> None:
        live = await self._ensure_live(turn)
        if turn.sent:
            return
        agent = self.agent
        first = live.fresh
        restarted, live.fresh = first and agent.spoke_before, False
        opening = Opening(turn.session_id, turn.options, source=turn.source, fork_at=turn.fork_at)
        await live.leave_others(opening)  # the last words of another session are still taken as that session's
        agent.serving_session = turn.session_id
        await live.ensure_session(opening, self._transcript)
        await live.workspace.refresh()
        if live.workspace.restricted and not first:  # at its start, `launch` said it
            await agent.emit(turn.turn_id, Notice(level="info", code="workspace", text=live.workspace.note))
        note = await agent.review.rejections()
        if unsaid := agent.jobs.take_unsaid():
            note = f"[Note from the notebook's host: {losing(unsaid)}]\n{note}".strip()
        turn.sent = True
        turn.note("prepared")
        await live.channel.send(turn.frame(restarted=restarted, note=note))
        turn.note("sent")
        await self._enter("working", turn.turn_id)
        agent.spoke_before = True

    async def _transcript(self, session_id: str) -> Transcript:
        return await self.agent.services.journal.transcript(session_id)

    async def _ensure_live(self, turn: QueuedTurn) -> LiveSandbox:
        agent = self.agent
        if agent.live is not None:
            if agent.live.gone.is_set():
                await self._clear(agent.live, "lost", "sandbox_gone")
            elif agent.live.workspace.outdated and not (turn.sent or agent.live.background_tasks):
                await self._enter("stopping", turn.turn_id)
                await self._clear(agent.live, "stopped", _OUTDATED, turn_id=turn.turn_id)
            else:
                return agent.live
        await self._enter("starting", turn.turn_id)
        try:
            live, notices = await launch(agent.row, turn.session_id, agent.services, self.listener)
        except BaseException:
            agent.life.enter("none")
            raise
        agent.live = live
        agent.services.tasks.start_soon(live.run, agent.nudge)
        agent.life.enter("ready")
        await agent.emit(turn.turn_id, self._state(), *notices)
        return live

    async def _await_end(self, turn: QueuedTurn) -> bool:
        """False when nothing but a question kept the turn from its end, for too long: it is parked then."""
        agent, live = self.agent, self.agent.live
        if live is None:
            raise SandboxGoneError("The sandbox is gone.")
        while not (turn.ended.is_set() or live.gone.is_set()):
            left = self._patience(live)
            if left == 0:
                await self._park(turn, live)
                return False
            with anyio.move_on_after(left):
                await wait_any(turn.ended, live.gone, *([] if agent.leaving.is_set() else [agent.leaving]))
        if not turn.ended.is_set():
            error = live.gone_error()
            await self._clear(live, "lost", error.code)
            raise error
        return True

    def _patience(self, live: LiveSandbox) -> float:
        """Seconds until the running turn is to be parked, if nothing happens till then."""
        questions, timeout = self.agent.questions, self.agent.services.settings.idle_timeout
        if not questions.open or live.background_tasks:
            return timeout
        if self.agent.leaving.is_set():
            return 0
        return max(0.0, timeout - min(questions.quiet_seconds, time.monotonic() - self.listener.heard_at))

    async def _park(self, turn: QueuedTurn, live: LiveSandbox) -> None:
        """End the sandbox of a turn that waits for a person; the questions stay open."""
        # Not another word of this turn is taken from the old sandbox, least of all that it ended.
        turn.parked, turn.sent, turn.starting = True, False, anyio.CancelScope()
        turn.source = turn.fork_at = ""  # the copy was made
        await self._enter("stopping", turn.turn_id)
        await self._clear(live, "stopped", suspended_turn.WAITS, turn_id=turn.turn_id)

    async def _await_decisions(self, turn: QueuedTurn) -> None:
        agent = self.agent
        while agent.questions.open:
            await agent.wake.wait()
        records = await agent.services.journal.events(agent.row.notebook_id, turn_id=turn.turn_id, limit=100_000)
        cut_off = suspended_turn.unanswered(records)
        if cut_off:
            await agent.emit(turn.turn_id, *cut_off, session_id=turn.session_id)
        agent.questions.decide(turn.decisions)
        turn.resumption = suspended_turn.note(turn.decisions)
        turn.parked, turn.decisions = False, []

    async def _retire(self) -> None:
        """End a sandbox in order: flush, destroy, forget."""
        live = self.agent.live
        if live is not None:
            await self._enter("stopping")
            await self._clear(live, "stopped")
        else:
            self._say_stopped()

    async def _clear(self, live: LiveSandbox, state: SandboxStateName, why: str = "", *, turn_id: str = "") -> None:
        """End it, forget it, say so. Our own state is right before anything can fail or be cancelled."""
        agent = self.agent
        with anyio.CancelScope(shield=True):
            destroyed = await live.end()
            agent.live = None
            agent.life.enter(state)
            self._say_stopped()
            if destroyed:
                await agent.services.journal.drop_sandbox(live.sandbox.id)
            await agent.emit(turn_id, self._state(why))

    def _say_stopped(self) -> None:
        self.agent.stop_wanted = False
        self.agent.stopped.set()

    async def _enter(self, state: SandboxStateName, turn_id: str = "") -> None:
        if self.agent.life.enter(state):
            await self.agent.emit(turn_id, self._state())

    def _state(self, detail: str = "") -> SandboxState:
        live = self.agent.live
        return SandboxState(
            state=self.agent.life.state,
            provider=live.sandbox.provider if live else "",
            isolation=live.sandbox.isolation.phrase if live else "",
            detail=detail,
        )
