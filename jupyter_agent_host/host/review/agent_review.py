"""One agent's reviews: what its turns changed, and a person's decisions about it.

Decisions are made one at a time. Cells are changed through the notebook's document in one step, like the agent's own
edits; files by host code, as the person.
"""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from jupyter_agent_host.errors import AgentHostError, ReviewError
from jupyter_agent_host.host.diff.unified_diff import diff
from jupyter_agent_host.host.notebook.cells import CellEdit, Snapshot
from jupyter_agent_host.host.review.apply_decisions import (
    DecisionOutcome,
    accept_files,
    reject_files,
    undo_cells,
    undo_files,
)
from jupyter_agent_host.host.review.cell_attribution import CellSides, touched
from jupyter_agent_host.host.review.checkpoint_summary import event_of, turn_of
from jupyter_agent_host.host.review.checkpoints import Checkpoints
from jupyter_agent_host.host.review.kept_versions import Choice, side_of
from jupyter_agent_host.host.review.review_context import ReviewContext
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.host.workspace.notebook_workspace import file_keeper
from jupyter_agent_host.host.workspace.workspace_interface import Collected
from jupyter_agent_host.protocol.events import AnyEvent, Notice
from jupyter_agent_host.protocol.review_api import Decided, ItemRef, ReviewConflict
from jupyter_agent_host.store.journal.checkpoint_store import Decisions
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import CheckpointItemRow, CheckpointRow

_NAMED = 20


class Review:
    """Reached as `agent.review`."""

    def __init__(self, context: ReviewContext, journal: Journal, settings: HostSettings) -> None:
        notebook_id = context.notebook_id
        self._agent = context
        self._store = Decisions(journal)
        self.keeper = file_keeper(settings, notebook_id)
        self.checkpoints = Checkpoints(
            notebook_id, self._store, self.keeper, settings.review.max_bytes, settings.review.max_age
        )
        self._deciding = anyio.Lock()
        self._last_turn_id = ""
        self._changed: set[str] = set()

    # -- while a turn runs ----------------------------------------------------------------------------------------

    async def note_cells(
        self, turn_id: str, seen: Snapshot, edits: Sequence[CellEdit], after: Snapshot | None = None
    ) -> None:
        """A call of the agent's made these edits, or set the outputs of cells that it ran, maybe after its turn.

        `seen` is the notebook as the call found it, with the outputs of these cells; `after` as it left it, and read
        here where it is not at hand. A failure is shown to the person, since the cells themselves were changed.
        """
        try:
            await self._note_cells(turn_id, seen, edits, after)
        except AgentHostError as err:
            text = f"What was done to cells could not be noted, so it cannot be undone later: {err}"
            await self._agent.emit(self._turn_now(turn_id), Notice(level="warning", code="checkpoint", text=text))

    async def _note_cells(
        self, turn_id: str, seen: Snapshot, edits: Sequence[CellEdit], after: Snapshot | None
    ) -> None:
        ids = list(dict.fromkeys(edit.cell_id for edit in edits))
        if not ids:
            return
        now = after if after is not None else await self._agent.document.read(ids)
        session_id, changed = self._agent.serving_session, False
        for cell_id in ids:
            sides = CellSides(side_of(seen, cell_id), side_of(now, cell_id))
            changed |= await self.checkpoints.put_cell(
                turn_id, session_id, sides, touched(edits, cell_id, sides.before)
            )
        if not changed:
            return
        await self.checkpoints.put_places(turn_id, seen, now, edits)
        self._changed.add(turn_id)
        if not self._turn_now(turn_id) and (row := await self.checkpoints.of(turn_id)) is not None:
            self._changed.discard(turn_id)
            await self._agent.emit("", event_of(row))

    def _turn_now(self, turn_id: str) -> str:
        """The turn that an event belongs to: none once it has ended, for a turn's own events end with its end."""
        turn = self._agent.active
        return turn_id if turn is not None and turn.turn_id == turn_id and not turn.ended.is_set() else ""

    async def note_files(self, collected: Collected) -> list[AnyEvent]:
        """Files were copied out, or wait. A failure is an event to show, since the files themselves have arrived."""
        try:
            await self._note_files(collected)
        except AgentHostError as err:
            text = f"These changes could not be noted, so they cannot be undone later: {err}"
            return [Notice(level="warning", code="checkpoint", text=text)]
        return []

    async def _note_files(self, collected: Collected) -> None:
        turn_id = self._agent.active.turn_id if self._agent.active is not None else self._last_turn_id
        if not turn_id or not (collected.kept or collected.waiting or await self.checkpoints.waiting()):
            return
        if await self.checkpoints.put_files(turn_id, self._agent.serving_session, collected):
            self._changed.add(turn_id)

    async def closing_events(self, turn_id: str) -> list[AnyEvent]:
        """What to show when a turn ends: how much it changed, and what cannot be undone any more.

        Trouble with checkpoints never keeps a turn from ending.
        """
        try:
            return await self._close_turn(turn_id)
        except AgentHostError as err:
            return [Notice(level="warning", code="checkpoint", text=f"What this turn changed cannot be shown: {err}")]

    async def _close_turn(self, turn_id: str) -> list[AnyEvent]:
        self._last_turn_id = turn_id
        if turn_id not in self._changed:
            return []
        self._changed.discard(turn_id)
        dropped = await self.checkpoints.trim()
        row = await self.checkpoints.of(turn_id)
        events: list[AnyEvent] = [] if row is None else [event_of(row)]
        if dropped:
            text = f"{len(dropped)} earlier turns cannot be undone any more: their room or time is used up."
            events.append(Notice(level="info", code="checkpoints_dropped", text=text))
        return events

    async def rejections(self) -> str:
        """What the agent is told with its next prompt: what of its work was taken back; "" for nothing. Told once."""
        items = await self._store.take_untold(self._agent.notebook_id)
        if not items:
            return ""
        names = [f"cell {item.key}" if item.kind == "cell" else item.key for item in items[:_NAMED]]
        more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
        return (
            "[Note from the notebook's host: the person rejected or undid changes of yours, which are gone now: "
            f"{', '.join(names)}{more}. Do not make them again unless asked.]"
        )

    # -- a person's decisions -------------------------------------------------------------------------------------

    async def accept(self, turn_id: str, refs: Sequence[ItemRef], choice: Choice) -> Decided:
        """Take items: files that wait reach the person's folder, the rest is ticked off."""
        async with self._deciding:
            row, items = await self._chosen(turn_id, refs, ("open", "waiting"))
            waiting = [item for item in items if item.state == "waiting"]
            outcome = DecisionOutcome()
            if waiting:
                outcome.add(await accept_files(self._agent, self.checkpoints, row.turn_id, waiting, choice))
            outcome.done += [item for item in items if item.state == "open"]
            return await self._decided(row, outcome, "accepted", "Accepted")

    async def reject(self, turn_id: str, refs: Sequence[ItemRef], choice: Choice) -> Decided:
        """Take items back that nobody decided on yet."""
        return await self._back(turn_id, refs, choice, ("open", "waiting"), "rejected", "Rejected")

    async def undo(self, turn_id: str, refs: Sequence[ItemRef], choice: Choice) -> Decided:
        """Take the turn back, also what was accepted."""
        return await self._back(turn_id, refs, choice, ("open", "waiting", "accepted"), "undone", "Undone")

    async def _back(  # noqa: PLR0917 - a decision and its words
        self, turn_id: str, refs: Sequence[ItemRef], choice: Choice, states: tuple[str, ...], state: str, word: str
    ) -> Decided:
        async with self._deciding:
            row, items = await self._chosen(turn_id, refs, states)
            if row.dropped:
                raise ReviewError(f"This turn cannot be undone any more: {row.dropped}.")
            outcome = DecisionOutcome()
            cells, outcome.problems = self._idle([item for item in items if item.kind == "cell"], row.turn_id)
            files = [item for item in items if item.kind == "file" and item.state != "waiting"]
            waiting = [item for item in items if item.state == "waiting"]
            if cells:
                outcome.add(await undo_cells(self._agent, self.checkpoints, row, cells, choice))
            if files:
                outcome.add(await undo_files(self._agent, self.keeper, files, choice))
            if waiting:
                outcome.add(await reject_files(self._agent, waiting))
            return await self._decided(row, outcome, state, word)

    def _idle(
        self, items: Sequence[CheckpointItemRow], turn_id: str
    ) -> tuple[list[CheckpointItemRow], list[tuple[CheckpointItemRow, str]]]:
        """Cells that can be taken back now, and why the others cannot: outputs of a run would arrive after that."""
        running = [(item, self._agent.jobs.running_cell(turn_id, item.key)) for item in items]
        problems = [
            (item, f"it runs still, as job {job.id}; undo it when that has ended, or interrupt the kernel first")
            for item, job in running
            if job is not None
        ]
        return [item for item, job in running if job is None], problems

    async def _chosen(
        self, turn_id: str, refs: Sequence[ItemRef], states: tuple[str, ...]
    ) -> tuple[CheckpointRow, list[CheckpointItemRow]]:
        rows = await self.checkpoints.all()
        fitting = [
            row
            for row in rows
            if turn_id in ("", row.turn_id)
            and all(any(_is(ref, item) for item in row.items) for ref in refs)
            and (turn_id or any(item.state in states for item in row.items))
        ]
        if not fitting:
            raise ReviewError("No turn that is known here made such changes that are left to decide.")
        row = fitting[-1]
        return row, [
            item for item in row.items if item.state in states and (not refs or any(_is(ref, item) for ref in refs))
        ]

    async def _decided(self, row: CheckpointRow, outcome: DecisionOutcome, state: str, word: str) -> Decided:
        keys = [(item.kind, item.key) for item in outcome.done]
        if keys:
            await self._store.set_states(self._agent.notebook_id, row.turn_id, keys, state)
        row = await self.checkpoints.of(row.turn_id) or row
        if keys:
            # For everybody who looks, and for no turn: a turn's own events end with its end.
            await self._agent.emit("", event_of(row))
        conflicts = tuple(
            ReviewConflict(
                kind=item.kind,  # type: ignore[arg-type]
                key=item.key,
                reason=conflict.reason,
                mine=conflict.mine,
                before=conflict.before,
                diff=diff(conflict.mine, conflict.before),
            )
            for item, conflict in outcome.conflicts
        )
        return Decided(
            ok=not conflicts and not outcome.problems,
            message=_sentence(word, outcome),
            turn=turn_of(row),
            conflicts=conflicts,
        )


def _is(ref: ItemRef, item: CheckpointItemRow) -> bool:
    return ref.key == item.key and ref.kind in ("", item.kind)


def _sentence(word: str, outcome: DecisionOutcome) -> str:
    parts = [f"{word}: {len(outcome.done)}." if outcome.done else f"Nothing was {word.lower()}."]
    if outcome.conflicts:
        parts.append(f"In conflict with your own later changes: {len(outcome.conflicts)}; pick a side for each.")
    parts += [f"{item.key}: {problem}." for item, problem in outcome.problems[:_NAMED]]
    return " ".join(parts)
