"""From the SDK's messages to the events that people see. One translator per SDK client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    MirrorErrorMessage,
    ResultMessage,
    StreamEvent,
    SystemMessage,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from jupyter_agent_host.protocol.events import AnyEvent, AssistantText, Notice, TextDelta, ThinkingDelta, ToolCall
from jupyter_agent_host.runner.translation.answer_attempts import Attempt
from jupyter_agent_host.runner.translation.delta_merger import DeltaMerger
from jupyter_agent_host.runner.translation.token_usage import context_tokens
from jupyter_agent_host.runner.translation.tool_results import tool_result

SYNTHETIC = "<synthetic>"
"""The model's name on messages that the CLI wrote itself; none of them is the agent's word."""

_DELTAS: dict[str, tuple[type[TextDelta | ThinkingDelta], str]] = {
    "text_delta": (TextDelta, "text"),
    "thinking_delta": (ThinkingDelta, "thinking"),
}


class Translator:
    """Feed it every message in order; it calls `emit` for every event, deltas merged.

    Attributes:
        model: the model that answered last.
        context_tokens: size of the conversation at that answer.
        background_tasks: tasks that run on without a turn.
    """

    def __init__(self, emit: Callable[[AnyEvent], None]) -> None:
        self._emit_now = emit
        self.deltas = DeltaMerger(emit)
        self.model = ""
        self.context_tokens = 0
        self.background_tasks = 0
        self._attempt = Attempt("")
        self._attempt.complete()
        self._durations: dict[str, int] = {}
        self._mishap: Notice | None = None

    def emit(self, event: AnyEvent) -> None:
        """One event, after all text that came before it."""
        self.deltas.flush()
        self._emit_now(event)

    def tool_took(self, tool_use_id: str, duration_ms: int) -> None:
        """How long a tool ran, known before its result comes."""
        self._durations[tool_use_id] = duration_ms

    def keep_partial(self) -> None:
        """The turn is being interrupted: what was said so far stays as it is."""
        self._attempt.complete()

    def feed(self, message: Any) -> None:
        """One SDK message. Kinds without news for people are ignored."""
        if isinstance(message, StreamEvent):
            if message.parent_tool_use_id is None:
                self._stream(message.event)
        elif isinstance(message, AssistantMessage):
            self._assistant(message)
        elif isinstance(message, UserMessage):
            self._user(message)
        elif isinstance(message, SystemMessage):
            self._system(message)
        elif isinstance(message, ResultMessage):
            self._end_attempt()
            self._mishap = None
            self.deltas.flush()

    def _stream(self, event: dict[str, Any]) -> None:
        kind = event.get("type")
        if kind == "content_block_delta":
            self._delta(event.get("delta") or {})
        elif kind == "message_start":
            self._end_attempt()
            self._tell_mishap()
            message = event.get("message") or {}
            self._attempt = Attempt(str(message.get("id", "")))
            self._measure(message)
        elif kind == "content_block_start":
            self._attempt.block_started(int(event.get("index", 0)))
        elif kind == "message_delta" and (event.get("delta") or {}).get("stop_reason"):
            self._attempt.complete()
        elif kind == "message_stop":
            self._end_attempt()

    def _delta(self, delta: dict[str, Any]) -> None:
        known = _DELTAS.get(str(delta.get("type")))
        if known is not None and delta.get(known[1]):
            self.deltas.add(known[0], self._attempt.message_id, str(delta[known[1]]))
            self._attempt.shown()

    def _end_attempt(self) -> None:
        for event in self._attempt.broken("the connection to the model broke"):
            self.emit(event)

    def _assistant(self, message: AssistantMessage) -> None:
        if message.model == SYNTHETIC:
            self._synthetic(message)
            return
        streamed = message.parent_tool_use_id is None and message.message_id == self._attempt.message_id
        if message.parent_tool_use_id is None:
            if not streamed:
                self._end_attempt()
            self.model = message.model
        for offset, block in enumerate(message.content):
            text = self._text(message, block, offset)
            if streamed:
                self._attempt.block_finished(text)
            if text is not None:
                self.emit(text)
            elif isinstance(block, ToolUseBlock):
                parent = message.parent_tool_use_id or ""
                self.emit(ToolCall(tool_use_id=block.id, name=block.name, input=block.input, parent_tool_use_id=parent))

    def _text(self, message: AssistantMessage, block: object, offset: int) -> AssistantText | None:
        if not isinstance(block, TextBlock) or message.parent_tool_use_id is not None:
            return None
        message_id = message.message_id or message.uuid or ""
        index = self._attempt.block_index if message_id == self._attempt.message_id else offset
        return AssistantText(message_id=message_id, text=block.text, block_index=index)

    def _synthetic(self, message: AssistantMessage) -> None:
        """An error that the CLI puts into the conversation. If it ends the turn, the turn's own error tells it."""
        if message.error and message.parent_tool_use_id is None:
            said = " ".join(block.text for block in message.content if isinstance(block, TextBlock))
            self._mishap = Notice(level="warning", code="model_error", text=said)

    def _tell_mishap(self) -> None:
        if self._mishap is not None:
            mishap, self._mishap = self._mishap, None
            self.emit(mishap)

    def _user(self, message: UserMessage) -> None:
        for block in message.content if isinstance(message.content, list) else []:
            if isinstance(block, ToolResultBlock):
                self.emit(tool_result(block, self._durations.pop(block.tool_use_id, 0)))

    def _system(self, message: SystemMessage) -> None:
        data = message.data
        if isinstance(message, MirrorErrorMessage):
            text = "A part of the conversation could not be recorded; resuming it later may lose earlier turns."
            self.emit(Notice(level="error", code="mirror_error", text=text))
        elif message.subtype == "background_tasks_changed":
            self.background_tasks = len(data.get("tasks") or [])
        elif message.subtype == "api_retry":
            self.emit(Notice(level="info", code="retrying", text=_retry_sentence(data)))
        elif message.subtype == "compact_boundary":
            text = "The conversation was summarised to make room for more."
            self.emit(Notice(level="info", code="compacted", text=text))

    def _measure(self, message: dict[str, Any]) -> None:
        usage = message.get("usage")
        if isinstance(usage, dict):
            self.context_tokens = context_tokens(usage)


def _retry_sentence(data: dict[str, Any]) -> str:
    status = data.get("error_status")
    what = f"The model's service answered with an error ({status})" if status else "The model's answer broke off"
    seconds = float(data.get("retry_delay_ms") or 0) / 1000
    return f"{what}; asking again in {seconds:.0f} s (attempt {data.get('attempt')} of {data.get('max_retries')})."
