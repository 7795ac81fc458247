"""Questions that wait for a person: the box's own, and those that the host asks about what would leave the box.

Both are the same to every surface: a `PermissionAsked` opens one, the `PermissionSettled` of the same id closes it.
They differ in who waits: the runner inside, which is told by a frame, or a task of the host in `Questions.ask`.

No answer to the one may count for the other. The host makes its ids from what is asked about, so the box can foresee
them: a hyphen marks the host's, and none of the box's may have one. Grants are kept by a tool's name: the box may not
ask in the name of a tool of the host's.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from typing import Protocol

import anyio
import msgspec

from jupyter_agent_host.host.turns.suspended_turn import AnsweredQuestion, digest_of
from jupyter_agent_host.host.turns.turn_endings import NOBODY
from jupyter_agent_host.protocol.events import AnyEvent, EventRecord, PermissionAsked, PermissionSettled
from jupyter_agent_host.protocol.host_api import AnswerRequest

_HOSTS_MARK = "-"


class Emit(Protocol):
    """Journals events, then shows them; `host.agents.agent.NotebookAgent.emit`."""

    async def __call__(self, turn_id: str, *events: AnyEvent, session_id: str = "") -> list[EventRecord]: ...


class _Question:
    def __init__(self, asked: PermissionAsked) -> None:
        self.asked = asked
        self.settled = anyio.Event()
        self.answer = AnswerRequest(request_id=asked.request_id, decision="deny")

    def settle(self, answer: AnswerRequest) -> None:
        self.answer = answer
        self.settled.set()


class Questions:
    """One agent's questions, by request id. Everything happens on the host's event loop.

    `hosts_tools`: names under which the host asks, and so the box may not.
    """

    def __init__(self, emit: Emit, hosts_tools: Collection[str] = ()) -> None:
        self._emit = emit
        self._hosts_tools = frozenset(hosts_tools)
        self._open: dict[str, _Question] = {}
        self._settling: dict[str, _Question] = {}  # decided, and on its way into the journal
        self._unheard: dict[str, _Question] = {}  # answered while nobody waited: the asker was cut off and comes back
        self._decided: dict[str, AnsweredQuestion] = {}  # of calls that a parked turn will make again
        self._changed = time.monotonic()

    @property
    def quiet_seconds(self) -> float:
        """Since a question was opened or closed, if one is open; 0 otherwise."""
        return time.monotonic() - self._changed if self._open else 0.0

    @property
    def open(self) -> tuple[str, ...]:
        """Ids of what waits for a person, oldest first."""
        return tuple(self._open)

    async def ask(self, asked: PermissionAsked, *, turn_id: str = "", headless: bool = False) -> AnswerRequest:
        """Ask as the host, and wait without limit.

        Cancelling leaves the question open: whoever asks again with the same `request_id` (after a lost connection, or
        in a restarted host) joins it, or gets the answer that was given meanwhile. So the id must be made from what is
        asked about, not at random, hold a hyphen, and never be a string that a sandbox chose. Several may ask with one
        id at once: the person is asked once. When the turn ends or is interrupted the answer is a denial.

        Args:
            asked: the question; `source` is set here.
            turn_id: the turn that it belongs to, "" outside of any.
            headless: nobody is there, so the answer is no; people can still see that it was asked.

        Raises:
            ValueError: the id could be one of the box's.
        """
        key = asked.request_id
        if not _is_hosts(key):
            raise ValueError(f"{key!r} holds no hyphen, so a sandbox could have asked under it")
        asked = msgspec.structs.replace(asked, source="host")
        unheard = self._unheard.pop(key, None)
        if unheard is not None:
            return unheard.answer
        decided = self.decided(asked)
        if decided is not None:
            return decided.answer
        question = self._open.get(key) or self._settling.get(key)
        if question is None:
            question = self._open[key] = _Question(asked)
            await self._open_in_journal(question, turn_id)
        if headless:
            await self.settle(AnswerRequest(request_id=key, decision="deny", message=NOBODY), "headless", turn_id)
        await question.settled.wait()
        self._unheard.pop(key, None)
        return question.answer

    async def settle(
        self, answer: AnswerRequest, by: str, turn_id: str, session_id: str = ""
    ) -> PermissionAsked | None:
        """Journal a decision and let a waiting task of the host go on; the question, or None if none was open.

        A question of the box's (`source` "box") is still to be answered there by the caller.
        """
        question = self._open.pop(answer.request_id, None)
        if question is None:
            return None
        settled = PermissionSettled(
            request_id=answer.request_id,
            decision=answer.decision,
            message=answer.message,
            by=by,
            remember=answer.remember,
        )
        self._settling[answer.request_id] = question
        try:
            await self._emit(turn_id, settled, session_id=session_id)
        except BaseException:
            self._open[answer.request_id] = question  # what is not in the journal was not decided
            raise
        finally:
            del self._settling[answer.request_id]
        self._changed = time.monotonic()
        self._close(question, answer)
        return question.asked

    def settle_all(self, by: str, *, of_host: bool = False) -> list[AnyEvent]:
        """Deny everything that is open, or only what the host itself asked; the events to journal."""
        chosen = [key for key, question in self._open.items() if not of_host or question.asked.source == "host"]
        for key in chosen:
            self._open.pop(key).settle(AnswerRequest(request_id=key, decision="deny"))
        self._unheard.clear()
        self._decided.clear()
        return [PermissionSettled(request_id=key, decision="deny", by=by) for key in chosen]

    def decide(self, decisions: Iterable[AnsweredQuestion]) -> None:
        """These calls will be made once more: give each its answer then, once, instead of asking."""
        self._unheard.clear()
        self._decided.update({digest_of(decision.asked): decision for decision in decisions})

    def decided(self, asked: PermissionAsked) -> AnsweredQuestion | None:
        """What was decided about this very call while its turn was parked; it counts once."""
        return self._decided.pop(digest_of(asked), None)

    # -- what the box says ----------------------------------------------------------------------------------------

    def may_say(self, event: AnyEvent) -> bool:
        """Whether the box may say this: it neither speaks for the host nor about the host's questions."""
        if isinstance(event, PermissionAsked):
            mine = event.tool_name in self._hosts_tools or _is_hosts(event.request_id)
            return event.source == "box" and not mine
        return not (isinstance(event, PermissionSettled) and _is_hosts(event.request_id))

    def heard(self, event: AnyEvent) -> None:
        """Take note of what the box asked, or settled by itself. Checked by `may_say` before."""
        if isinstance(event, PermissionAsked):
            self._open[event.request_id] = _Question(event)
            self._changed = time.monotonic()
        elif isinstance(event, PermissionSettled):
            self._open.pop(event.request_id, None)

    def restore(self, asked: Iterable[PermissionAsked]) -> None:
        """Open questions that an earlier host journalled; those of the host wait for their asker to come back."""
        self._open = {question.request_id: _Question(question) for question in asked}
        self._changed = time.monotonic()

    async def _open_in_journal(self, question: _Question, turn_id: str) -> None:
        self._changed = time.monotonic()
        try:
            await self._emit(turn_id, question.asked)
        except BaseException:
            self._open.pop(question.asked.request_id, None)
            question.settled.set()  # who joined meanwhile was not heard either: no
            raise

    def _close(self, question: _Question, answer: AnswerRequest) -> None:
        if question.asked.source == "host":
            self._unheard[answer.request_id] = question
        question.settle(answer)


def _is_hosts(request_id: str) -> bool:
    return _HOSTS_MARK in request_id
