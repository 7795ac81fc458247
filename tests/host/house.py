"""A real host on real sandboxes; only the model's words are scripted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from jupyter_agent_host.host.api.manager import Manager
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.protocol.events import EventRecord, TextDelta, TurnEnded
from jupyter_agent_host.protocol.host_api import (
    Done,
    EventsRequest,
    NotebookInfo,
    PromptAccepted,
    PromptRequest,
    Simple,
)
from jupyter_agent_host.scripted_model import ScriptedModel

SCRIPT = {
    "name": "host tests",
    "rules": [
        {"when": {"prompt": "recall"}, "say": "Earlier prompts: {recall}."},
        {
            "when": {"prompt": "write a file"},
            "steps": [
                {"tools": [{"name": "Bash", "input": {"command": "echo forty-two > answer.txt; echo done"}}]},
                {"say": "Wrote it: {last_tool_result}"},
            ],
        },
        {"when": {"prompt": "slow"}, "delta_delay_seconds": 0.1, "say": "{words:60}"},
        {
            "when": {"prompt": "sleep in the box"},
            "steps": [
                {"tools": [{"name": "Bash", "input": {"command": "sleep 100"}}]},
                {"delta_delay_seconds": 0.5, "say": "{words:60}"},
            ],
        },
        {
            "when": {"prompt": "no money"},
            "error": {"status": 401, "type": "authentication_error", "message": "bad key"},
        },
    ],
    "otherwise": {"say": "Scripted: {prompt}"},
}


@dataclass
class Talk:
    """One turn as a door sees it."""

    accepted: PromptAccepted
    records: list[EventRecord] = field(default_factory=list)

    @property
    def ended(self) -> TurnEnded:
        last = self.records[-1].event
        assert isinstance(last, TurnEnded)
        return last

    @property
    def delta_text(self) -> str:
        return "".join(record.event.text for record in self.records if isinstance(record.event, TextDelta))

    def of(self, kind: type) -> list[Any]:
        return [record.event for record in self.records if isinstance(record.event, kind)]


@dataclass
class House:
    """One running host and one notebook in it."""

    manager: Manager
    model: ScriptedModel
    notebook: Path
    data_dir: Path

    def ref(self, envelope: Mapping[str, Any] | None = None, notebook: Path | None = None) -> NotebookRef:
        return NotebookRef(path=str(notebook or self.notebook), envelope=envelope, actor="tester")

    async def info(self, **keywords: Any) -> NotebookInfo:
        answer = await self.manager.call(self.ref(**keywords), "status", Simple())
        assert isinstance(answer, NotebookInfo)
        return answer

    async def ask(self, prompt: str, *, ref: NotebookRef | None = None, **options: Any) -> Talk:
        talk = await self.begin(prompt, ref=ref, **options)
        await self.finish(talk)
        return talk

    async def begin(self, prompt: str, *, ref: NotebookRef | None = None, **options: Any) -> Talk:
        accepted = await self.manager.call(ref or self.ref(), "prompt", PromptRequest(prompt=prompt, **options))
        assert isinstance(accepted, PromptAccepted)
        return Talk(accepted)

    async def finish(self, talk: Talk, *, seconds: float = 60) -> None:
        with anyio.fail_after(seconds):
            async for record in self.events(talk):
                talk.records.append(record)

    def events(self, talk: Talk) -> AsyncIterator[EventRecord]:
        request = EventsRequest(after=talk.accepted.after, turn_id=talk.accepted.turn_id)
        return self.manager.events(talk.accepted.notebook_id, request)

    async def do(self, verb: str, request: Any = None, **keywords: Any) -> Done:
        answer = await self.manager.call(self.ref(**keywords), verb, request or Simple())
        assert isinstance(answer, Done)
        return answer

    def last_messages(self) -> str:
        """The newest model request's messages, as text."""
        return json.dumps(self.model.requests[-1].body["messages"])


OpenHouse = Callable[..., AbstractAsyncContextManager[House]]
