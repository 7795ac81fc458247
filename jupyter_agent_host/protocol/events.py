"""What happened in a turn, as every surface sees it.

Events are written to the journal before anybody sees them, and numbered by the host: one rising number per notebook.
Readers are tolerant: a kind they do not know is kept as `UnknownEvent` and shown as such, never refused.
"""

from __future__ import annotations

from typing import Any, Literal, Union

import msgspec

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.protocol.attachments import AttachmentInfo

Json = Any
"""An opaque JSON value; bounded by the frame that carries it."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one turn, all models together."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", rename="camel"):
    """Root of all event payloads; `kind` tells them apart."""


class TurnStarted(Event, tag="turn_started", frozen=True, kw_only=True):
    """The host accepted a prompt for this turn.

    `prompt` is the text as sent (placeholders filled in). `origin` is the door: cell, panel, widget, kernel, headless.
    `actor` is the Jupyter identity's username, `cell_id` the notebook cell that asked. `attachments` are named only.
    The rest is what the turn may do, as the host decided: `max_budget_usd` is this turn's own, in US dollars.
    """

    prompt: str
    origin: str = "cell"
    actor: str = ""
    cell_id: str = ""
    model: str = ""
    attachments: tuple[AttachmentInfo, ...] = ()
    permission_mode: str = ""
    max_turns: int | None = None
    max_budget_usd: float | None = None
    headless: bool = False


class TextDelta(Event, tag="text_delta", frozen=True, kw_only=True):
    """More visible text of one assistant message. `message_id` names the attempt: a repeated answer has another id."""

    message_id: str
    text: str


class ThinkingDelta(Event, tag="thinking_delta", frozen=True, kw_only=True):
    """More thinking text of one assistant message."""

    message_id: str
    text: str


class AttemptDiscarded(Event, tag="attempt_discarded", frozen=True, kw_only=True):
    """The answer of that id broke off and is repeated: every surface takes its text back. Its tokens stay counted."""

    message_id: str
    reason: str = ""


class AssistantText(Event, tag="assistant_text", frozen=True, kw_only=True):
    """One finished text block. It replaces what the deltas of the same block showed (`block_index` in the message)."""

    message_id: str
    text: str
    block_index: int = 0


class ToolCall(Event, tag="tool_call", frozen=True, kw_only=True):
    """The agent calls a tool inside the sandbox. `input` is exactly what the tool gets."""

    tool_use_id: str
    name: str
    input: Json = None
    parent_tool_use_id: str = ""


class ToolResult(Event, tag="tool_result", frozen=True, kw_only=True):
    """A tool's answer. `text` is capped; `size_bytes` is the size before the cap. `images` are {media_type, data}."""

    tool_use_id: str
    text: str = ""
    is_error: bool = False
    size_bytes: int = 0
    duration_ms: int = 0
    images: tuple[Json, ...] = ()


class PermissionAsked(Event, tag="permission_asked", frozen=True, kw_only=True):
    """A person must decide. Open until a `PermissionSettled` of the same `request_id`.

    `source`: `box` for what the agent would do inside its sandbox (a courtesy), `host` for what would leave it.
    `details` of a question about the notebook: `effect`, `cells` (id, position, type, head), their `revisions`, `code`
    and `language` of what would run, `diff` of an edit, `risk` (kinds), `mayRemember`.
    """

    request_id: str
    tool_name: str
    input: Json = None
    title: str = ""
    description: str = ""
    questions: Json = None
    details: Json = None
    source: Literal["box", "host"] = "box"


class PermissionSettled(Event, tag="permission_settled", frozen=True, kw_only=True):
    """The decision, and how far it reaches (`remember`).

    `by` is a person, `grant` (an earlier answer reaches so far), `headless`, `interrupt` or `turn_end`.
    """

    request_id: str
    decision: Literal["allow", "deny"]
    message: str = ""
    by: str = ""
    remember: Literal["once", "notebook"] = "once"


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """One workspace file that the host wrote for the agent. `path` is relative to the notebook's folder."""

    path: str
    action: Literal["created", "modified", "deleted"]
    size_bytes: int = 0


class FilesChanged(Event, tag="files_changed", frozen=True, kw_only=True):
    """The host copied these files out of the sandbox into the person's folder."""

    files: tuple[FileChange, ...]


class FilesRefused(Event, tag="files_refused", frozen=True, kw_only=True):
    """These changes stay inside the sandbox until the person grants them (`%agent grant PATH`)."""

    paths: tuple[str, ...]
    reason: str


class ReviewChanged(Event, tag="review_changed", frozen=True, kw_only=True):
    """How many cells and files turn `reviewed_turn_id` changed, and how many of these are in which state now.

    Told once when the turn ends, and again, outside of any turn, after each decision. `dropped`: why it cannot be
    undone any more, "" if it can. The verb `review` has the details.
    """

    reviewed_turn_id: str
    cells: int
    files: int
    open: int = 0
    waiting: int = 0
    accepted: int = 0
    rejected: int = 0
    dropped: str = ""


class SandboxState(Event, tag="sandbox_state", frozen=True, kw_only=True):
    """The notebook's sandbox changed state. `isolation` is a phrase for people, such as "Docker, no network"."""

    state: Literal["none", "starting", "ready", "working", "idle", "stopping", "stopped", "lost"]
    provider: str = ""
    isolation: str = ""
    detail: str = ""


class SessionChanged(Event, tag="session_changed", frozen=True, kw_only=True):
    """Later turns belong to this session. `how`: new, resumed, forked, cleared, trusted."""

    session_id: str
    how: str
    previous_session_id: str = ""


class Notice(Event, tag="notice", frozen=True, kw_only=True):
    """Something a person should know. `code` is stable; `level` is info, warning or error."""

    level: Literal["info", "warning", "error"]
    code: str
    text: str


class TurnEnded(Event, tag="turn_ended", frozen=True, kw_only=True):
    """The last event of a turn.

    `cost_usd` is the SDK's estimate for this turn alone (US dollars). `error` is one sentence with a way out.
    `resumable` says whether the next prompt continues the same session.
    """

    status: Literal["completed", "interrupted", "max_turns", "budget", "error"]
    text: str = ""
    usage: Usage = Usage()
    cost_usd: float = 0.0
    duration_ms: int = 0
    num_turns: int = 0
    model: str = ""
    error: str = ""
    error_code: str = ""
    resumable: bool = True
    context_tokens: int = 0


class UnknownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a kind that this version does not know, kept as it came."""

    kind: str
    raw: Json = None


AnyEvent = Union[
    TurnStarted,
    TextDelta,
    ThinkingDelta,
    AttemptDiscarded,
    AssistantText,
    ToolCall,
    ToolResult,
    PermissionAsked,
    PermissionSettled,
    FilesChanged,
    FilesRefused,
    ReviewChanged,
    SandboxState,
    SessionChanged,
    Notice,
    TurnEnded,
]


class EventRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One journalled event. `number` rises by one within its notebook; `time` is seconds since the epoch, UTC."""

    number: int
    notebook_id: str
    session_id: str
    turn_id: str
    time: float
    event: Union[AnyEvent, UnknownEvent]


_event_decoder = msgspec.json.Decoder(AnyEvent)
_encoder = msgspec.json.Encoder()


def encode_event(event: AnyEvent | UnknownEvent) -> bytes:
    """An event as JSON, the form that the journal and the wire hold."""
    return _encoder.encode(event.raw if isinstance(event, UnknownEvent) else event)


def read_event(data: bytes | str) -> AnyEvent | UnknownEvent:
    """Read one event tolerantly.

    Raises:
        ProtocolError: it is no JSON object with a `kind` at all.
    """
    try:
        event: AnyEvent = _event_decoder.decode(data)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError):
        return _read_unknown(data)
    return event


def _read_unknown(data: bytes | str) -> UnknownEvent:
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as err:
        raise ProtocolError("An event is not JSON, or nested too deep.") from err
    if not isinstance(raw, dict) or not isinstance(raw.get("kind"), str):
        raise ProtocolError("An event has no kind.")
    return UnknownEvent(kind=raw["kind"], raw=raw)


def record_to_json(record: EventRecord) -> bytes:
    """One event record as a JSON object on one line, as surfaces receive it."""
    return _encoder.encode(
        {
            "number": record.number,
            "notebookId": record.notebook_id,
            "sessionId": record.session_id,
            "turnId": record.turn_id,
            "time": record.time,
            "event": msgspec.Raw(encode_event(record.event)),
        }
    )


class _RecordHead(msgspec.Struct, rename="camel"):
    number: int
    notebook_id: str
    session_id: str
    turn_id: str
    time: float
    event: msgspec.Raw


_head_decoder = msgspec.json.Decoder(_RecordHead)


def read_record(data: bytes | str) -> EventRecord:
    """The inverse of `record_to_json`, tolerant of unknown kinds.

    Raises:
        ProtocolError: the line is no event record.
    """
    try:
        head = _head_decoder.decode(data)
    except (msgspec.ValidationError, msgspec.DecodeError) as err:
        raise ProtocolError(f"Not an event record: {err}") from err
    return EventRecord(
        number=head.number,
        notebook_id=head.notebook_id,
        session_id=head.session_id,
        turn_id=head.turn_id,
        time=head.time,
        event=read_event(bytes(head.event)),
    )
