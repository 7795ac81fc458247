"""The talking of one turn, in threads of its own; what is heard arrives in a queue."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from typing import Union

from jupyter_agent_host.client.agent_client import AgentClient, EventStream
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.protocol.events import EventRecord
from jupyter_agent_host.protocol.host_api import (
    AnswerRequest,
    EventsRequest,
    NotebookInfo,
    PromptAccepted,
    PromptRequest,
    Simple,
)


class End:
    """The last event was received."""


class Nudge:
    """Nothing was heard, but there is something else to do."""


Item = Union[PromptAccepted, EventRecord, NotebookInfo, End, Nudge, Exception, str]


@dataclass
class Talk:
    """What the talking thread shares with the cell's."""

    client: AgentClient
    request: PromptRequest
    items: queue.SimpleQueue[Item] = field(default_factory=queue.SimpleQueue)
    stream: EventStream | None = None
    left: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send the prompt and pass everything on. Every end is an item, whatever its kind."""
        try:
            accepted = self.client.call("prompt", self.request)
            assert isinstance(accepted, PromptAccepted)  # noqa: S101 - the table of verbs says so
            self.items.put(accepted)
            wanted = EventsRequest(after=accepted.after, turn_id=accepted.turn_id, path=self.request.path)
            self.stream = self.client.events(wanted)
            if self.left.is_set():
                self.stream.close()
            for record in self.stream:
                self.items.put(record)
            if not self.left.is_set():
                info = self.client.call("status", Simple(path=self.request.path))
                assert isinstance(info, NotebookInfo)  # noqa: S101 - the table of verbs says so
                self.items.put(info)
            self.items.put(End())
        except Exception as err:  # noqa: BLE001 - handed to the cell's thread, which raises it
            self.items.put(err)

    def leave(self) -> None:
        """Stop listening; the turn goes on where it is hosted."""
        self.left.set()
        if self.stream is not None:
            self.stream.close()

    def aside(self, verb: str, request: Simple | AnswerRequest) -> None:
        """Carry out a verb while events go on arriving. A failure is an item: a sentence."""

        def work() -> None:
            try:
                self.client.call(verb, request)
            except AgentHostError as err:
                self.items.put(f"Could not {verb}: {err}")

        threading.Thread(target=work, name=f"agent-{verb}", daemon=True).start()
