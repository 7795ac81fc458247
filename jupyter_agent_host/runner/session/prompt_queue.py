"""Prompts of one session, in order, and which of them the agent works on."""

from __future__ import annotations

from collections import deque
from typing import Any
from uuid import uuid4

import anyio
from claude_agent_sdk import ResultMessage

from jupyter_agent_host.protocol.control import Prompt


class QueuedPrompt:
    """One prompt on its way through the CLI.

    Attributes:
        uuid: names the prompt to the CLI, whose result says which prompts it answered.
        ended: people were told that the turn is over.
        done: the CLI has no more to say about it.
    """

    def __init__(self, prompt: Prompt) -> None:
        self.turn_id = prompt.turn_id
        self.content = prompt.content
        self.uuid = str(uuid4())
        self.interrupted = False
        self.ended = False
        self.done = anyio.Event()

    def message(self) -> dict[str, Any]:
        """The prompt as the CLI's stream-json input wants it."""
        return {
            "type": "user",
            "message": {"role": "user", "content": self.content},
            "parent_tool_use_id": None,
            "uuid": self.uuid,
        }

    def answered_by(self, result: ResultMessage) -> bool:
        """Whether this result ends this turn, and not one that the CLI began itself (a background task's news)."""
        named = result.user_message_uuids or ([result.user_message_uuid] if result.user_message_uuid else [])
        if named:
            return self.uuid in named
        return self.interrupted or result.origin is None or result.origin["kind"] == "human"


class PromptQueue:
    """First in, first out. The same turn id counts once, so that a host may repeat what it is unsure of."""

    def __init__(self) -> None:
        self._waiting: deque[QueuedPrompt] = deque()
        self._seen: set[str] = set()
        self._added = anyio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, prompt: Prompt) -> None:
        """Add one prompt at the end."""
        if prompt.turn_id not in self._seen:
            self._seen.add(prompt.turn_id)
            self._waiting.append(QueuedPrompt(prompt))
            self._added.set()

    def cancel(self, turn_id: str) -> bool:
        """Take a waiting prompt back; False if none of that id waits."""
        found = [turn for turn in self._waiting if turn.turn_id == turn_id]
        for turn in found:
            self._waiting.remove(turn)
        return bool(found)

    async def filled(self) -> None:
        """Wait until a prompt waits."""
        while not self._waiting:
            self._added = anyio.Event()
            await self._added.wait()

    def pop(self) -> QueuedPrompt | None:
        """The oldest prompt; None if it was taken back meanwhile."""
        return self._waiting.popleft() if self._waiting else None

    def drain(self) -> list[QueuedPrompt]:
        """Everything that waits, taken out."""
        turns = list(self._waiting)
        self._waiting.clear()
        return turns
