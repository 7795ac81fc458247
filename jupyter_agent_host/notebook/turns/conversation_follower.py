"""Keeps a notebook's conversation up to date beside whatever the kernel does, for all widgets of the notebook.

One thread waits for events, another one folds them and tells the listeners, so that neither a slow page nor a busy
kernel holds the other up. Both end with `close`; the agent goes on where it is hosted.
"""

from __future__ import annotations

import atexit
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby
from typing import Union, cast

from jupyter_agent_host.client.agent_client import AgentClient, EventStream
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.notebook.turns.conversation import Conversation, begin, fold
from jupyter_agent_host.protocol.events import (
    EventRecord,
    PermissionAsked,
    SandboxState,
    SessionChanged,
    TurnEnded,
    TurnStarted,
)
from jupyter_agent_host.protocol.host_api import EventsRequest, NotebookInfo, Simple, TurnsPage, TurnsRequest

LOADED_TURNS = 10
_SHORTEST_INTERVAL = 0.15
_REST_FACTOR = 4
_MAX_BATCH = 2000
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0
_TELLING = (TurnStarted, TurnEnded, SandboxState, PermissionAsked, SessionChanged)
"""Events after which the host has something new to say of itself."""

Listener = Callable[[Conversation], None]


@dataclass(frozen=True)
class _Problem:
    text: str


class _End:
    """Nothing more is to come."""


class _Again:
    """Tell the listeners what is known."""


_Item = Union[Conversation, EventRecord, NotebookInfo, _Problem, _Again, _End]


class ConversationFollower:
    """One notebook's conversation. `client` is used from several threads; `path` picks one of several notebooks."""

    def __init__(self, client: AgentClient, path: str = "") -> None:
        self.client = client
        self.path = path
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._conversation = self._told = Conversation()
        self._changed = threading.Condition()
        self._listeners: list[Listener] = []
        self._closed = threading.Event()
        self._stale = threading.Event()
        self._stream: EventStream | None = None
        self._last = 0
        self._started = False

    @property
    def conversation(self) -> Conversation:
        """As it is now; replaced, never changed."""
        return self._conversation

    def start(self) -> None:
        """Begin to follow. Idempotent."""
        with self._changed:
            if not self._started and not self._closed.is_set():
                self._started = True
                for name, work in (("agent-widget-events", self._read), ("agent-widget-show", self._show)):
                    threading.Thread(target=work, name=name, daemon=True).start()

    def add(self, listener: Listener) -> None:
        """Call `listener` with the conversation, and with every new one, in a thread of ours."""
        with self._changed:
            self._listeners.append(listener)
        self._items.put(_Again())

    def remove(self, listener: Listener) -> None:
        """The opposite of `add`. Idempotent."""
        with self._changed, contextlib.suppress(ValueError):
            self._listeners.remove(listener)

    def wait(self, until: Callable[[Conversation], bool], seconds: float | None = None) -> bool:
        """Wait until the listeners were told of such a conversation. False when `seconds` passed or it was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed.is_set() or until(self._told), seconds)
            return until(self._told)

    def refresh(self) -> None:
        """Read everything anew, as after a decision about the session."""
        self._stale.set()
        self._leave_stream()

    def tell(self) -> None:
        """Ask the host how it stands, and tell the listeners."""
        try:
            info = self.client.call("status", Simple(path=self.path))
        except AgentHostError as err:
            self._items.put(_Problem(str(err)))
        else:
            if isinstance(info, NotebookInfo):
                self._items.put(info)

    def close(self) -> None:
        """Stop following. Idempotent."""
        self._closed.set()
        atexit.unregister(self.close)
        self._leave_stream()
        self._items.put(_End())
        with self._changed:
            self._changed.notify_all()

    def _leave_stream(self) -> None:
        stream = self._stream
        if stream is not None:
            stream.close()

    def _read(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            self._stale.clear()
            try:
                after = self._load()
                pause = _FIRST_PAUSE
                self._follow(after)
            except AgentHostError as err:
                self._items.put(_Problem(str(err)))
            except Exception as err:  # noqa: BLE001 - no cell is there to fail: the widget says it
                self._items.put(_Problem(f"Following the agent failed unexpectedly ({type(err).__name__}: {err})."))
            if not self._stale.is_set():
                self._closed.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _load(self) -> int:
        """Read the last turns; the number to follow from."""
        info = self.client.call("status", Simple(path=self.path))
        page = self.client.call("turns", TurnsRequest(limit=LOADED_TURNS, path=self.path))
        assert isinstance(info, NotebookInfo)  # noqa: S101 - the table of verbs says so
        assert isinstance(page, TurnsPage)  # noqa: S101 - the table of verbs says so
        self._items.put(begin(info, page))
        # Last in is first out: nothing is shown any more when a host in this process, or the kernel's sockets, end.
        atexit.unregister(self.close)
        atexit.register(self.close)
        # What is read twice is folded once; what nobody was told of yet is told.
        return min(page.after, self._last) if self._last else page.after

    def _follow(self, after: int) -> None:
        self._stream = self.client.events(EventsRequest(after=after, path=self.path))
        if self._closed.is_set() or self._stale.is_set():
            self._stream.close()
        for record in self._stream:
            self._items.put(record)
            self._last = record.number
            if isinstance(record.event, SessionChanged):
                self._stale.set()
                self._stream.close()

    def _show(self) -> None:
        while True:
            batch = self._batch()
            if self._closed.is_set():
                return
            conversation = self._conversation
            for are_records, items in groupby(batch, lambda item: isinstance(item, EventRecord)):
                if are_records:
                    conversation = replace(fold(conversation, cast("Iterator[EventRecord]", items)), problem="")
                else:
                    conversation = reduce(_with, items, conversation)
            started = time.monotonic()
            if any(isinstance(item, EventRecord) and isinstance(item.event, _TELLING) for item in batch):
                conversation = self._with_status(conversation)
            self._conversation = conversation
            with self._changed:
                listeners = tuple(self._listeners)
            for listener in listeners:
                listener(conversation)
            with self._changed:
                self._told = conversation
                self._changed.notify_all()
            # What takes long to show is shown less often, so that no kernel is busy with its widgets.
            time.sleep(max(_SHORTEST_INTERVAL, _REST_FACTOR * (time.monotonic() - started)))

    def _batch(self) -> list[_Item]:
        batch = [self._items.get()]
        with contextlib.suppress(queue.Empty):
            while len(batch) < _MAX_BATCH:
                batch.append(self._items.get_nowait())
        return batch

    def _with_status(self, conversation: Conversation) -> Conversation:
        try:
            info = self.client.call("status", Simple(path=self.path))
        except AgentHostError as err:
            return replace(conversation, problem=str(err))
        return replace(conversation, info=info) if isinstance(info, NotebookInfo) else conversation


def _with(conversation: Conversation, item: _Item) -> Conversation:
    if isinstance(item, Conversation):
        return replace(item, events=conversation.events)
    if isinstance(item, NotebookInfo):
        return replace(conversation, info=item, problem="")
    if isinstance(item, _Problem):
        return replace(conversation, problem=item.text, loaded=True)
    return conversation
