"""A notebook's conversation as it is seen: turns, folded by `rendering.turn_view`, and what the host says. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from jupyter_agent_host.protocol.events import EventRecord, PermissionAsked, TurnStarted, read_record
from jupyter_agent_host.protocol.host_api import NotebookInfo, TurnsPage
from jupyter_agent_host.rendering.turn_view import TurnView, reduce

KEPT_TURNS = 30
KEPT_EVENTS = 2000
_NOT_OURS = frozenset({"foreign", "unsigned", "corrupt", "diverged"})


@dataclass(frozen=True)
class ConversationTurn:
    """One turn, and where it began: the number of its first event, and the door it came through."""

    first_event: int
    view: TurnView
    origin: str = ""


@dataclass(frozen=True)
class Conversation:
    """What a widget knows. `turns` are oldest first and at most `KEPT_TURNS`; `earlier` ones are not kept.

    `problem` is a sentence, "" for none. `loaded` turns true with the first answer, whatever it is.
    """

    info: NotebookInfo | None = None
    turns: tuple[ConversationTurn, ...] = ()
    events: tuple[EventRecord, ...] = ()
    earlier: int = 0
    problem: str = ""
    loaded: bool = False

    @property
    def running(self) -> tuple[ConversationTurn, ...]:
        """Turns that have not ended: one that runs, and those that wait for it."""
        return tuple(turn for turn in self.turns if turn.view.ended is None)

    @property
    def pending(self) -> tuple[PermissionAsked, ...]:
        """Questions that wait for a person."""
        return tuple(asked for turn in self.running for asked in turn.view.pending)

    @property
    def state(self) -> str:
        """One word: see `AgentWidget.state`."""
        if self.problem:
            return "unreachable"
        if self.info is None:
            return "connecting"
        if self.info.trust in _NOT_OURS:
            return "undecided"
        if self.pending:
            return "asking"
        return "working" if self.running else "idle"


def begin(info: NotebookInfo, page: TurnsPage) -> Conversation:
    """The conversation as it stands."""
    seen = fold(Conversation(info=info), [read_record(bytes(record)) for record in page.records])
    return replace(seen, events=(), earlier=page.earlier, loaded=True)


def fold(conversation: Conversation, records: Iterable[EventRecord]) -> Conversation:
    """Some more events. Those outside of turns change nothing here: the host's own words tell of them."""
    turns = {turn.view.turn_id: turn for turn in conversation.turns}
    new: list[EventRecord] = []
    for record in records:
        new.append(record)
        if not record.turn_id:
            continue
        turn = turns.get(record.turn_id) or ConversationTurn(record.number, TurnView())
        origin = record.event.origin if isinstance(record.event, TurnStarted) else turn.origin
        turns[record.turn_id] = replace(turn, view=reduce(turn.view, record), origin=origin)
    kept = tuple(turns.values())[-KEPT_TURNS:]
    return replace(
        conversation,
        turns=kept,
        events=(*conversation.events, *new)[-KEPT_EVENTS:],
        earlier=conversation.earlier + len(turns) - len(kept),
    )
