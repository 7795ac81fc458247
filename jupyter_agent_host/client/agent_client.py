"""What code in a kernel needs of an agent, wherever the agent is hosted. Synchronous: cells are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from jupyter_agent_host.protocol.events import EventRecord
from jupyter_agent_host.protocol.host_api import Answer, EventsRequest, Request


@runtime_checkable
class EventStream(Protocol):
    """Events in order, each once. Iterated by one thread; `close` may be called from any other."""

    @property
    def connected(self) -> bool:
        """False while the host cannot be reached and the stream is trying again."""

    def __iter__(self) -> Iterator[EventRecord]: ...

    def __next__(self) -> EventRecord:
        """Wait for the next event.

        Raises:
            StopIteration: the turn asked for ended, or the stream was closed.
            ServerUnreachableError: the host stayed away too long; the turn itself goes on there.
            AgentHostError: the host refused.
        """

    def close(self) -> None:
        """End the stream; a waiting `__next__` raises StopIteration soon. Idempotent. The turn itself goes on."""


@runtime_checkable
class AgentClient(Protocol):
    """The agent of the notebook that this kernel runs."""

    @property
    def where(self) -> str:
        """Where the agent is hosted, in a phrase for people."""

    def call(self, verb: str, request: Request) -> Answer:
        """Carry out one verb of `host_api.VERBS`; the answer has the type that the table gives.

        Raises:
            ServerUnreachableError: the host could not be reached; what was sent may have been carried out.
            AgentHostError: the host refused; the class is the one that the host raised.
        """

    def events(self, request: EventsRequest) -> EventStream:
        """Follow events, past and to come. Opens nothing before the first `__next__`."""

    def close(self) -> None:
        """Release what the client holds. Idempotent."""
