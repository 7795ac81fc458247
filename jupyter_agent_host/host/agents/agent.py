"""One notebook's agent as the doors use it: its queue of turns, its open questions, its events.

The driver (`host.agents.driver`) serves the queue; the listener (`host.agents.runner_events`) hears the sandbox. All
three share this state, on one event loop.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path

import anyio
import anyio.to_thread

from jupyter_agent_host.errors import AgentHostError, DivergedSessionError, EnvelopeUntrustedError
from jupyter_agent_host.host.agents import sandbox_grants
from jupyter_agent_host.host.agents.cost_ledger import CostLedger
from jupyter_agent_host.host.agents.event_feed import EventFeed
from jupyter_agent_host.host.agents.notebook_state import NotebookState
from jupyter_agent_host.host.agents.sandbox_lifecycle import SandboxLifecycle
from jupyter_agent_host.host.agents.shared_services import Services
from jupyter_agent_host.host.agents.turn_queue import TurnQueue
from jupyter_agent_host.host.agents.untrusted_session import UntrustedSession
from jupyter_agent_host.host.network import NETWORK_TOOL, NotebookNetwork
from jupyter_agent_host.host.notebook.cells import CellEdit, Snapshot
from jupyter_agent_host.host.notebook.kernel_interface import NotebookKernel
from jupyter_agent_host.host.notebook.kernel_jobs import Jobs
from jupyter_agent_host.host.notebook.notebook_access import NotebookDocument
from jupyter_agent_host.host.notebook.waiting_cell import WaitingCell
from jupyter_agent_host.host.review.agent_review import Review
from jupyter_agent_host.host.sandboxes.sandbox_connection import LiveSandbox
from jupyter_agent_host.host.turns import turn_endings
from jupyter_agent_host.host.turns.questions import Questions
from jupyter_agent_host.host.turns.queued_turn import QueuedTurn, RunningTurn
from jupyter_agent_host.host.turns.suspended_turn import AnsweredQuestion
from jupyter_agent_host.host.wait_any import wait_any
from jupyter_agent_host.host.workspace import Workspace
from jupyter_agent_host.host.workspace.notebook_workspace import project_of, workspace_for
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
from jupyter_agent_host.protocol.host_api import AnswerRequest, PromptAccepted, Trust
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
        accepted: the last prompts that came with an idempotency key, by the id of their turn.
        moments: those of the newest turn that was served, see `Turn.moments`.
        accepting: held while a prompt is accepted, so that prompts keep their order.
    """

    def __init__(self, row: NotebookRow, services: Services, feed: EventFeed, publish: Publish) -> None:
        self.state = NotebookState(row, services.journal)
        self.feed = feed
        self.services = services
        self.publish = publish
        self.life = SandboxLifecycle()
        self.queue = TurnQueue()
        self.active: QueuedTurn | None = None
        self.live: LiveSandbox | None = None
        self.claim: UntrustedSession | None = None
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
        self.moments: dict[str, float] = {}
        self.accepted: dict[str, PromptAccepted] = {}
        self.wake = anyio.Event()
        budget = row.budget_usd if row.budget_usd is not None else services.settings.max_budget_usd
        self.network = NotebookNetwork(row.notebook_id, services.network, RunningTurn(self._running), self.ask_person)
        self.scope = CostLedger(row.notebook_id, services.journal, budget, self.network, services.network.audit)
        self.tools = services.toolbox
        self.questions = Questions(self.emit, {*self.tools.names, NETWORK_TOOL})
        self.waiting = WaitingCell()
        self.jobs = Jobs(row.notebook_id, services.journal, services.tasks, lambda: self.active)
        self.review = Review(self, services.journal, services.settings)

    @property
    def row(self) -> NotebookRow:
        """What the server knows of the notebook; changed by `state.update` alone."""
        return self.state.row

    @property
    def notebook_id(self) -> str:
        """The notebook's id."""
        return self.row.notebook_id

    @property
    def path(self) -> str:
        """Where the notebook's file is; "" while it has none."""
        return self.row.path

    @property
    def notebook_mode(self) -> str:
        """What the person chose that the agent must ask for; "" for the server's default."""
        return self.row.notebook_mode

    @property
    def default_model(self) -> str:
        """The model of turns that name none; "" for the SDK's default."""
        return self.services.settings.model or ""

    @property
    def document(self) -> NotebookDocument:
        """The cells of the notebook where it is now."""
        return self.services.notebooks.document(self.row.path)

    @property
    def kernel(self) -> NotebookKernel:
        """The kernel of the notebook where it is now."""
        return self.services.notebooks.kernel(self.row.path)

    async def workspace(self) -> Workspace:
        """The sandbox's workspace, or the same on the private files that it left."""
        if self.live is not None:
            return self.live.workspace
        choice = await self.services.choose()
        return await anyio.to_thread.run_sync(
            workspace_for, self.row, self.services.settings, self.services.layers, choice.report
        )

    async def shown_folder(self) -> Path:
        """The person's folder that the paths of files are relative to."""
        if self.live is not None and self.live.workspace.folder is not None:
            return self.live.workspace.folder
        project = await anyio.to_thread.run_sync(project_of, self.row, self.services.settings)
        return project.folder or Path(self.row.path).parent

    @property
    def busy(self) -> bool:
        """Whether anything runs or waits to run; not a turn that only waits for a person, without a sandbox."""
        tasks = self.live.background_tasks if self.live is not None else 0
        if self.active is not None and self.active.parked:
            return False
        return self.active is not None or len(self.queue) > 0 or tasks > 0

    async def submit(self, turn: QueuedTurn, attached: tuple[AttachmentInfo, ...] = ()) -> int:
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
                await self.state.update(stripped=False)
            records = await self.emit(turn.turn_id, started, *self.notices, session_id=turn.session_id)
            turn.note("accepted")
            self.notices.clear()
            self.queue.put(turn)
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
        withdrawn = self.queue.withdraw(turn_id)
        if withdrawn is None:
            return False
        turn, place = withdrawn
        with anyio.CancelScope(shield=True):
            try:
                await self.emit(turn.turn_id, turn_endings.taken_back(), session_id=turn.session_id)
            except AgentHostError:
                self.queue.put_back(turn, place)
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
            self.active.decisions.append(AnsweredQuestion(asked, request, by))
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

    async def grant(self, pattern: str) -> None:
        """Let guarded workspace changes through from now on."""
        if self.live is not None:
            self.live.workspace.grant(pattern)
        if pattern not in self.row.grants:
            await self.state.update(grants=(*self.row.grants, pattern))

    async def revoke_files(self, patterns: Collection[str]) -> None:
        """Let guarded workspace changes wait again from now on."""
        if self.live is not None:
            for pattern in patterns:
                self.live.workspace.revoke(pattern)
        await self.state.update(grants=tuple(each for each in self.row.grants if each not in patterns))

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

    async def end_turn(self, turn: QueuedTurn, ended: TurnEnded) -> None:
        """End a turn from the host's side, unless the runner did. Idempotent."""
        if not turn.ended.is_set():
            changes = await self.review.closing_events(turn.turn_id)
            await self._settle(turn, [*changes, *self.questions.settle_all("turn_end"), ended])
            turn.ended.set()
            await self.publish(self)

    def nudge(self) -> None:
        """Wake the driver."""
        wake, self.wake = self.wake, anyio.Event()
        wake.set()

    def _running(self) -> QueuedTurn | None:
        return None if self.active is None or self.active.ended.is_set() else self.active

    async def ask_person(self, asked: PermissionAsked, turn_id: str, headless: bool) -> AnswerRequest:
        """Ask the person and wait without limit; see `Questions.ask`."""
        return await self.questions.ask(asked, turn_id=turn_id, headless=headless)

    async def note_cells(
        self, turn_id: str, seen: Snapshot, edits: Sequence[CellEdit], after: Snapshot | None = None
    ) -> None:
        """Keep what a call did to cells, so that it can be shown and undone; see `Review.note_cells`."""
        await self.review.note_cells(turn_id, seen, edits, after)

    async def _settle(self, turn: QueuedTurn, events: list[AnyEvent]) -> None:
        if events:
            await self.emit(turn.turn_id, *events, session_id=turn.session_id)

    async def _take_back(self) -> bool:
        """End the turns that wait; False when there was none. What cannot be ended now goes on waiting."""
        count = len(self.queue)
        for _ in range(count):
            turn = self.queue.take()
            if turn is not None:
                try:
                    await self.end_turn(turn, turn_endings.interrupted())
                except AgentHostError:
                    self.queue.put_first(turn)
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

    async def hush(self, turn: QueuedTurn, live: LiveSandbox) -> None:
        """Tell the runner to stop a turn, also one that ended outside already: nobody would hear it any more."""
        try:
            await live.channel.send(Interrupt(session_id=turn.session_id))
        except AgentHostError as err:
            logger.info("interrupt of %s: %s", turn.turn_id[:8], err)

    async def _interrupt_in_box(self, turn: QueuedTurn) -> None:
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
