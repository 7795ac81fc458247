"""One notebook's agent as the doors use it: its queue of turns, its open questions, its events.

The driver (`host.agents.driver`) serves the queue; the listener (`host.agents.runner_events`) hears the sandbox. All
three share this state, on one event loop.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

import anyio

from jupyter_agent_host.errors import AgentHostError, DivergedSessionError, EnvelopeUntrustedError
from jupyter_agent_host.host.agents import sandbox_grants
from jupyter_agent_host.host.agents.cost_ledger import NotebookScope
from jupyter_agent_host.host.agents.event_feed import EventFeed
from jupyter_agent_host.host.agents.sandbox_lifecycle import Lifecycle
from jupyter_agent_host.host.agents.shared_services import Services
from jupyter_agent_host.host.agents.untrusted_session import Claim
from jupyter_agent_host.host.network import NETWORK_TOOL, NotebookNetwork
from jupyter_agent_host.host.notebook.kernel_jobs import Jobs
from jupyter_agent_host.host.notebook.waiting_cell import WaitingCell
from jupyter_agent_host.host.review.agent_review import Review, closing_events
from jupyter_agent_host.host.sandboxes.sandbox_connection import LiveSandbox
from jupyter_agent_host.host.turns import turn_endings
from jupyter_agent_host.host.turns.questions import Questions
from jupyter_agent_host.host.turns.queued_turn import Now, Turn
from jupyter_agent_host.host.turns.suspended_turn import Decision
from jupyter_agent_host.host.wait_any import wait_any
from jupyter_agent_host.protocol.attachments import AttachmentInfo
from jupyter_agent_host.protocol.control import AnswerPermission, Interrupt
from jupyter_agent_host.protocol.events import (
    AnyEvent,
    EventRecord,
    Notice,
    PermissionAsked,
    TurnEnded,
    TurnStarted,
)
from jupyter_agent_host.protocol.host_api import AnswerRequest, Trust
from jupyter_agent_host.store.journal.new_items import NewEvent
from jupyter_agent_host.store.journal.rows import NotebookRow

logger = logging.getLogger(__name__)

_INTERRUPT_GRACE_SECONDS = 10
_TELL_AGAIN_SECONDS = 0.5

Publish = Callable[["NotebookAgent"], Awaitable[None]]


class NotebookAgent:
    """The live side of one notebook. Its driver must be running; all else may be called from any task.

    Attributes:
        claim, trust, trust_reason: saved state that the notebook brought and nobody decided on yet.
        serving_session: the session that the sandbox's runner has open.
        notices: what the next turn shall tell the person first.
        questions: what waits for a person.
        kept_inside: changed files that wait for a grant.
        review: what its turns changed, and what the person decides about it.
        spoken: sessions that are known to have a transcript.
        context_window: tokens that the agent said its window holds; 0 before it was asked.
        spoke_before: whether any turn came before in this conversation.
        waiting: the cell that waits for the running turn, and does errands in its kernel meanwhile.
        jobs: runs in the kernel that the agent began.
        leaving: set when the host goes down and the running turn is to be parked.
        accepting: held while a prompt is accepted, so that prompts keep their order.
    """

    def __init__(self, row: NotebookRow, services: Services, feed: EventFeed, publish: Publish) -> None:
        self.row = row
        self.feed = feed
        self.services = services
        self.publish = publish
        self.life = Lifecycle()
        self.queue: deque[Turn] = deque()
        self.active: Turn | None = None
        self.live: LiveSandbox | None = None
        self.claim: Claim | None = None
        self.trust: Trust = "none"
        self.trust_reason = ""
        self.notices: list[Notice] = []
        self.kept_inside: tuple[str, ...] = ()
        self.spoken: set[str] = set()
        self.spoke_before = False
        self.context_window = 0
        self.serving_session = row.session_id
        self.stop_wanted = False
        self.stopped = anyio.Event()
        self.leaving = anyio.Event()
        self.accepting = anyio.Lock()
        self.wake = anyio.Event()
        budget = row.budget_usd if row.budget_usd is not None else services.settings.max_budget_usd
        self.network = NotebookNetwork(row.notebook_id, services.network, Now(self._running), self._ask_person)
        self.scope = NotebookScope(row.notebook_id, services.journal, budget, self.network, services.network.audit)
        self.tools = services.make_toolbox()
        self.questions = Questions(self.emit, {*self.tools.names, NETWORK_TOOL})
        self.review = Review(self)
        self.waiting = WaitingCell()
        self.jobs = Jobs(self)

    @property
    def busy(self) -> bool:
        """Whether anything runs or waits to run; not a turn that only waits for a person, without a sandbox."""
        tasks = self.live.background_tasks if self.live is not None else 0
        if self.active is not None and self.active.parked:
            return False
        return self.active is not None or bool(self.queue) or tasks > 0

    async def submit(self, turn: Turn, attached: tuple[AttachmentInfo, ...] = ()) -> int:
        """Accept a turn: journal its start and queue it. Returns the number of the last event before it."""
        request = turn.request
        started = TurnStarted(
            prompt=request.prompt,
            origin=request.origin,
            actor=turn.actor,
            cell_id=request.cell_id,
            model=turn.options.model or "",
            permission_mode=turn.options.permission_mode,
            max_turns=turn.options.max_turns,
            max_budget_usd=request.max_budget_usd,
            headless=request.headless,
            attachments=attached,
        )
        # A door that hangs up must not leave a turn that began and that nobody will serve.
        with anyio.CancelScope(shield=True):
            if self.row.stripped:
                self.row = replace(self.row, stripped=False)
                await self.services.journal.put_notebook(self.row)
            records = await self.emit(turn.turn_id, started, *self.notices, session_id=turn.session_id)
            self.notices.clear()
            self.queue.append(turn)
            self.nudge()
        return records[0].number - 1

    async def interrupt(self) -> bool:
        """Stop the running turn, and take back those that wait. False when there was none."""
        with anyio.CancelScope(shield=True):
            waiting = await self._take_back()
        running = self.active
        if running is None or running.ended.is_set():
            return waiting
        running.halted.set()
        self.jobs.stop_turn(running.turn_id)
        with anyio.CancelScope(shield=True):
            await self._settle(running, self.questions.settle_all("interrupt", of_host=True))
        if running.sent:
            self.services.tasks.start_soon(self._interrupt_in_box, running)
        else:
            running.starting.cancel()
        return True

    async def cancel(self, turn_id: str) -> bool:
        """Take one waiting prompt back; False when it does not wait (any more)."""
        turn = next((each for each in self.queue if each.turn_id == turn_id and not each.sent), None)
        if turn is None:
            return False
        with anyio.CancelScope(shield=True):
            place = self.queue.index(turn)
            self.queue.remove(turn)
            try:
                await self.emit(turn.turn_id, turn_endings.taken_back(), session_id=turn.session_id)
            except AgentHostError:
                self.queue.insert(place, turn)
                raise
            turn.ended.set()
            await self.publish(self)
        return True

    async def stop(self) -> None:
        """End the turn and the sandbox; the session stays. Returns when it is done. Idempotent."""
        await self.interrupt()
        if self.live is None and self.active is None:
            return
        if not self.stop_wanted:
            self.stop_wanted, self.stopped = True, anyio.Event()
        self.nudge()
        await self.stopped.wait()

    async def leave(self) -> None:
        """The host goes down: as `stop`, but a turn that waits for a person is parked for the next host."""
        if self.active is None or self.active.ended.is_set() or not self.questions.open:
            await self.stop()
            return
        await self._take_back()
        if not self.active.parked:
            self.stopped = anyio.Event()
            self.leaving.set()
            await self.stopped.wait()

    async def answer(self, request: AnswerRequest, by: str) -> bool:
        """Settle a question; False when it was settled before."""
        turn_id = self.active.turn_id if self.active else ""
        asked = await self.questions.settle(request, by, turn_id, self.serving_session)
        if asked is not None:
            await sandbox_grants.note(self.services.journal, self.row.notebook_id, asked, request, by)
        if asked is not None and self.active is not None and self.active.parked:
            self.active.decisions.append(Decision(asked, request, by))
            self.nudge()
            return True
        if asked is None or asked.source == "host" or self.live is None:
            return asked is not None
        frame = AnswerPermission(
            session_id=self.serving_session,
            permission_id=request.request_id,
            decision=request.decision,
            message=request.message,
            updated_input=request.updated_input,
        )
        # Whoever answers may be the very task that keeps the connection: it cannot wait for a broken one to return.
        self.services.tasks.start_soon(self._tell, self.live, frame)
        return True

    def guard_trust(self) -> None:
        """Refuse to go on from saved state that nobody vouched for.

        Raises:
            EnvelopeUntrustedError: foreign or unsigned state.
            DivergedSessionError: notebook and journal both went on from one turn.
        """
        if self.claim is None:
            return
        if self.trust == "diverged":
            raise DivergedSessionError(self.trust_reason)
        raise EnvelopeUntrustedError(self.trust_reason)

    def grant(self, pattern: str) -> None:
        """Let guarded workspace changes through from now on."""
        if pattern not in self.row.grants:
            self.row = replace(self.row, grants=(*self.row.grants, pattern))
        if self.live is not None:
            self.live.workspace.grant(pattern)

    def revoke_files(self, patterns: Collection[str]) -> None:
        """Let guarded workspace changes wait again from now on."""
        self.row = replace(self.row, grants=tuple(each for each in self.row.grants if each not in patterns))
        if self.live is not None:
            for pattern in patterns:
                self.live.workspace.revoke(pattern)

    async def emit(self, turn_id: str, *events: AnyEvent, session_id: str = "") -> list[EventRecord]:
        """Journal events, then show them."""
        records = await self.services.journal.write([self.new_event(turn_id, event, session_id) for event in events])
        self.feed.publish(records)
        return records

    def new_event(self, turn_id: str, event: AnyEvent, session_id: str = "") -> NewEvent:
        """An event of this notebook, ready to be journalled."""
        return NewEvent(
            notebook_id=self.row.notebook_id,
            session_id=session_id or self.row.session_id,
            turn_id=turn_id,
            event=event,
            time=time.time(),
        )

    async def end_turn(self, turn: Turn, ended: TurnEnded) -> None:
        """End a turn from the host's side, unless the runner did. Idempotent."""
        if not turn.ended.is_set():
            changes = await closing_events(self, turn.turn_id)
            await self._settle(turn, [*changes, *self.questions.settle_all("turn_end"), ended])
            turn.ended.set()
            await self.publish(self)

    def nudge(self) -> None:
        """Wake the driver."""
        wake, self.wake = self.wake, anyio.Event()
        wake.set()

    def _running(self) -> Turn | None:
        return None if self.active is None or self.active.ended.is_set() else self.active

    async def _ask_person(self, asked: PermissionAsked, turn_id: str, headless: bool) -> AnswerRequest:
        return await self.questions.ask(asked, turn_id=turn_id, headless=headless)

    async def _settle(self, turn: Turn, events: list[AnyEvent]) -> None:
        if events:
            await self.emit(turn.turn_id, *events, session_id=turn.session_id)

    async def _take_back(self) -> bool:
        """End the turns that wait; False when there was none. What cannot be ended now goes on waiting."""
        count = len(self.queue)
        for _ in range(count):
            if self.queue:
                turn = self.queue.popleft()
                try:
                    await self.end_turn(turn, turn_endings.interrupted())
                except AgentHostError:
                    self.queue.appendleft(turn)
                    raise
        return count > 0

    async def _tell(self, live: LiveSandbox, frame: AnswerPermission) -> None:
        while not live.gone.is_set():
            try:
                await live.channel.send(frame)
            except AgentHostError as err:
                logger.info("an answer did not arrive and is sent again: %s", err)
                await anyio.sleep(_TELL_AGAIN_SECONDS)
            else:
                return

    async def hush(self, turn: Turn, live: LiveSandbox) -> None:
        """Tell the runner to stop a turn, also one that ended outside already: nobody would hear it any more."""
        try:
            await live.channel.send(Interrupt(session_id=turn.session_id))
        except AgentHostError as err:
            logger.info("interrupt of %s: %s", turn.turn_id[:8], err)

    async def _interrupt_in_box(self, turn: Turn) -> None:
        """Ask the runner; a sandbox that does not obey is ended, since the person asked for quiet."""
        live = self.live
        if live is None or turn.ended.is_set():
            return
        with anyio.move_on_after(_INTERRUPT_GRACE_SECONDS):
            await self.hush(turn, live)
            await wait_any(turn.ended, live.gone)
        if not turn.ended.is_set() and not live.gone.is_set():
            logger.warning("turn %s did not stop; its sandbox is ended", turn.turn_id[:8])
            await live.end()
