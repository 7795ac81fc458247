"""Hears one agent's sandbox: checks what comes out, journals it, then lets people see it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import anyio
import msgspec
from anyio.abc import ByteStream

from jupyter_agent_host.host.agents import sandbox_grants
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.agents.collect_changes import collect
from jupyter_agent_host.host.agents.runner_event_checks import Checked, check_items
from jupyter_agent_host.host.agents.tool_dispatcher import ToolDispatcher
from jupyter_agent_host.host.turns import turn_endings
from jupyter_agent_host.host.turns.queued_turn import QueuedTurn
from jupyter_agent_host.protocol.control import Hello, HostToolCall, HostToolCancel, Outbox, Status, WorkspaceSync
from jupyter_agent_host.protocol.events import (
    AnyEvent,
    PermissionAsked,
    TurnEnded,
)
from jupyter_agent_host.protocol.host_api import AnswerRequest
from jupyter_agent_host.store.journal.new_items import NewEntries, OutboxMark, WriteItem

_SAVE_SECONDS = 0.25


class RunnerEventHandler:
    """The channel's owner, see `host.sandboxes.control_channel.ChannelOwner`.

    `heard_at` is when the sandbox last said something.
    """

    def __init__(self, agent: NotebookAgent) -> None:
        self._agent = agent
        self.heard_at = time.monotonic()
        self._dispatcher = ToolDispatcher(agent)

    async def outbox_mark(self, incarnation: str) -> int:
        return await self._agent.services.journal.outbox_mark(self._sandbox_id(), incarnation)

    async def connected(self, hello: Hello) -> None:
        """A prompt that was on its way when the connection broke is sent again; runners know a turn by its id."""
        turn, live = self._agent.active, self._agent.live
        if turn is None or live is None or not turn.sent or turn.ended.is_set():
            return
        if turn.turn_id not in {status.turn_id for status in hello.sessions}:
            await live.channel.send(turn.frame(restarted=False))

    async def take_items(self, incarnation: str, items: Sequence[Outbox]) -> None:
        """Journal one batch as a unit; a turn's end is completed with the host's own figures first."""
        agent = self._agent
        turn = agent.active
        if turn is not None and (turn.parked or turn.ended.is_set()):
            turn = None
        mine = check_items(items, session_id=agent.serving_session, turn_id=turn.turn_id if turn else "")
        checked = [item for item in _up_to_the_end(mine) if item.event is None or agent.questions.may_say(item.event)]
        writes: list[WriteItem] = []
        for item in checked:
            writes.extend(await self._writes(item, turn))
        writes.append(OutboxMark(sandbox_id=self._sandbox_id(), incarnation=incarnation, number=items[-1].number))
        records = await agent.services.journal.write(writes)
        self.heard_at = time.monotonic()
        if turn is not None and any(isinstance(item.event, TurnEnded) for item in checked):
            await self._prepare_save()
            turn.ended.set()
        agent.feed.publish(records)
        for item in checked:
            await self._hear(item.event)

    async def take_status(self, status: Status) -> None:
        if self._agent.live is not None:
            self._agent.live.statuses = status.sessions
        self._agent.nudge()

    async def sync_workspace(self, request: WorkspaceSync) -> str:
        turn = self._agent.active
        if turn is None or request.turn_id != turn.turn_id:
            return ""
        events, note = await collect(self._agent)
        if events:
            await self._agent.emit(turn.turn_id, *events, session_id=turn.session_id)
        return note

    def take_tool_call(self, call: HostToolCall) -> None:
        self._dispatcher.take(call)

    def cancel_tool_call(self, cancel: HostToolCancel) -> None:
        self._dispatcher.cancel(cancel.request_id)

    async def carry(self, stream: ByteStream) -> None:
        await self._agent.services.gateway.serve(stream, self._agent.scope)

    async def _prepare_save(self) -> None:
        """Let a save right after the turn hold it: wait for the envelope, but not long, for the person waits, too."""
        ready = anyio.Event()

        async def prepare() -> None:
            try:
                await self._agent.publish(self._agent)
            finally:
                ready.set()

        self._agent.services.tasks.start_soon(prepare)
        with anyio.move_on_after(_SAVE_SECONDS):
            await ready.wait()

    async def _writes(self, item: Checked, turn: QueuedTurn | None) -> list[WriteItem]:
        agent = self._agent
        if item.append is not None:
            agent.spoken.add(item.append.session_id)
            entries = tuple(bytes(entry) for entry in item.append.entries)
            return [NewEntries(session_id=item.append.session_id, subpath=item.append.subpath, entries=entries)]
        if item.event is None:
            return []
        events = [item.event]
        if isinstance(item.event, TurnEnded) and turn is not None:
            events = await self._closing(turn, item.event)
        return [agent.new_event(item.turn_id, event, agent.serving_session) for event in events]

    async def _closing(self, turn: QueuedTurn, ended: TurnEnded) -> list[AnyEvent]:
        """What ends a turn: the last files, open questions settled, and the ledger's figure for its cost."""
        agent = self._agent
        files, _ = await collect(self._agent)
        changes = await agent.review.closing_events(turn.turn_id)
        await agent.scope.settled()
        spent = await agent.services.journal.ledger(agent.row.notebook_id, since=turn.started)
        over_budget = agent.scope.refused_for_budget
        return [
            *files,
            *changes,
            *agent.questions.settle_all("turn_end"),
            turn_endings.final(ended, spent=spent, over_budget=over_budget),
        ]

    async def _hear(self, event: AnyEvent | None) -> None:
        agent = self._agent
        if event is None:
            return
        agent.questions.heard(event)
        if not isinstance(event, PermissionAsked):
            return
        decided = agent.questions.decided(event)
        if decided is not None:
            answer = msgspec.structs.replace(decided.answer, request_id=event.request_id)
            await agent.answer(answer, decided.by)
        elif granted := await sandbox_grants.answer_for(agent.services.journal, agent.row.notebook_id, event):
            await agent.answer(granted, sandbox_grants.BY)
        elif agent.active is not None and agent.active.request.headless:
            denial = AnswerRequest(request_id=event.request_id, decision="deny", message=turn_endings.NOBODY)
            await agent.answer(denial, "headless")

    def _sandbox_id(self) -> str:
        return self._agent.live.sandbox.id if self._agent.live is not None else ""


def _up_to_the_end(items: Sequence[Checked]) -> list[Checked]:
    """A turn ends once: what a runner says of it after that is dropped, its transcript is kept."""
    ended, kept = False, []
    for item in items:
        if not (ended and item.turn_id):
            kept.append(item)
        ended = ended or isinstance(item.event, TurnEnded)
    return kept
