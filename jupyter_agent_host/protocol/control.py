"""Frames of the control connection, the one long-lived WebSocket between host and runner.

The host dials `GET /control` (WebSocket, text frames, one JSON frame a message, bearer token). The runner speaks first:

    runner  Hello           versions, incarnation, what its outbox holds, its sessions
    host    Welcome         the last outbox number of this incarnation that is safely in the journal
    runner  Outbox...       every item after that number, in order; then new ones as they come
    host    Ack             after each journal commit; numbers are cumulative

Commands may be sent right after Welcome. Frames are strict: an unknown field or kind ends the connection, since both
sides negotiated the same protocol version.
"""

from __future__ import annotations

from typing import Any, Literal, Union

import msgspec

from jupyter_agent_host.errors import FrameTooLargeError, ProtocolError
from jupyter_agent_host.protocol.events import AnyEvent, Json
from jupyter_agent_host.protocol.host_tools import ToolContent, ToolDefinition
from jupyter_agent_host.protocol.limits import MAX_FRAME_BYTES

PermissionMode = Literal["free", "default", "acceptEdits", "plan", "dontAsk"]
"""`free`: inside the box nothing asks (the runner answers the SDK itself). The others are the SDK's own modes."""


WAY_OUT = "{way_out}"
"""Stands for the address of the way out inside, which only the runner knows."""


class McpServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An MCP server of one SDK client, by its transport: a command inside, or an address.

    `{way_out}` in `url` stands for the address of the way out inside.
    """

    name: str
    transport: Literal["stdio", "http", "sse"]
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    url: str = ""


class SessionOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the host decides for one SDK client. The runner adds the options that are always set.

    `max_budget_usd` is what remains of the notebook's budget, since the CLI counts from 0 in each process.
    `environment` is for the CLI and the agent's tools; `{way_out}` in its values stands for the address of the way out
    inside. `mcp_servers`: besides the ones that the runner makes itself. `server_tools`: tools of the CLI that make the
    model's API reach out.
    """

    model: str | None = None
    permission_mode: PermissionMode = "free"
    max_turns: int | None = None
    max_budget_usd: float | None = None
    system_prompt: str = ""
    disallowed_tools: tuple[str, ...] = ("NotebookEdit",)
    environment: dict[str, str] = {}
    mcp_servers: tuple[McpServer, ...] = ()
    host_tools: tuple[ToolDefinition, ...] = ()
    server_tools: tuple[Literal["WebSearch"], ...] = ()


class HostFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """Root of what the host sends."""


class Welcome(HostFrame, tag="welcome", frozen=True, kw_only=True):
    protocol: int
    acked: int = 0


class Ack(HostFrame, tag="ack", frozen=True, kw_only=True):
    number: int


class OpenSession(HostFrame, tag="open_session", frozen=True, kw_only=True):
    """Start one SDK client. Answered by a `Reply` when it is connected (or failed).

    `new`: a fresh conversation under `session_id`. `resume`: continue it; its transcript was uploaded before by
    `PUT /sessions/{session_id}/transcript`. `fork`: a copy of the uploaded `source_session_id` continues as
    `session_id`, up to and including the entry `fork_at` when given (the SDK's own fork).
    """

    request_id: str
    session_id: str
    mode: Literal["new", "resume", "fork"]
    source_session_id: str = ""
    fork_at: str = ""
    options: SessionOptions = SessionOptions()


class Prompt(HostFrame, tag="prompt", frozen=True, kw_only=True):
    """One turn. Prompts of one session queue in order. `content` is text, or Messages-API content blocks."""

    session_id: str
    turn_id: str
    content: Union[str, list[Any]]


class CancelPrompt(HostFrame, tag="cancel_prompt", frozen=True, kw_only=True):
    """Take a queued prompt back. One that already runs is not touched."""

    session_id: str
    turn_id: str


class Interrupt(HostFrame, tag="interrupt", frozen=True, kw_only=True):
    """Stop the running turn; the session lives on. No effect when nothing runs."""

    session_id: str


class SetModel(HostFrame, tag="set_model", frozen=True, kw_only=True):
    request_id: str
    session_id: str
    model: str | None = None


class SetPermissionMode(HostFrame, tag="set_permission_mode", frozen=True, kw_only=True):
    request_id: str
    session_id: str
    mode: PermissionMode


class ContextUsage(HostFrame, tag="context_usage", frozen=True, kw_only=True):
    request_id: str
    session_id: str


class AnswerPermission(HostFrame, tag="answer_permission", frozen=True, kw_only=True):
    """A person's decision. `updated_input` replaces the tool's input (answers to a multiple-choice question)."""

    session_id: str
    permission_id: str
    decision: Literal["allow", "deny"]
    message: str = ""
    updated_input: Json = None


class WorkspaceSynced(HostFrame, tag="workspace_synced", frozen=True, kw_only=True):
    """Answer to `WorkspaceSync`. A non-empty `note` is told to the agent after its tool call."""

    request_id: str
    note: str = ""


class HostToolAnswer(HostFrame, tag="host_tool_answer", frozen=True, kw_only=True):
    """Answer to a `HostToolCall`. One to a call that is no longer open is ignored."""

    request_id: str
    content: tuple[ToolContent, ...]
    is_error: bool = False


class CloseSession(HostFrame, tag="close_session", frozen=True, kw_only=True):
    """End one SDK client and flush its transcript. Answered by a `Reply`."""

    request_id: str
    session_id: str


class Shutdown(HostFrame, tag="shutdown", frozen=True, kw_only=True):
    """Close every session, flush, then exit once the outbox is acknowledged."""


class RunnerFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """Root of what the runner sends."""


class SessionStatus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`state`: opening, idle, working, closed. `background_tasks` outlive a turn and keep the sandbox busy."""

    session_id: str
    state: Literal["opening", "idle", "working", "closed"]
    turn_id: str = ""
    queued: int = 0
    background_tasks: int = 0


class Hello(RunnerFrame, tag="hello", frozen=True, kw_only=True):
    """`incarnation` is random per runner process: outbox numbers of another incarnation mean nothing."""

    protocol: int
    runner_version: str
    sdk_version: str
    cli_version: str
    incarnation: str
    outbox_first: int
    outbox_last: int
    sessions: tuple[SessionStatus, ...] = ()


class Append(msgspec.Struct, frozen=True, kw_only=True, tag="append", tag_field="kind", forbid_unknown_fields=True):
    """Transcript entries, exactly as the SDK's SessionStore got them. `subpath` is "" for the main transcript."""

    session_id: str
    subpath: str
    entries: tuple[msgspec.Raw, ...]


class TurnEvent(
    msgspec.Struct, frozen=True, kw_only=True, tag="turn_event", tag_field="kind", forbid_unknown_fields=True
):
    """Something for people. `turn_id` is "" outside any turn."""

    session_id: str
    turn_id: str
    event: AnyEvent


class Outbox(RunnerFrame, tag="outbox", frozen=True, kw_only=True):
    """One durable item; kept by the runner until acknowledged."""

    number: int
    item: Union[Append, TurnEvent]


class Reply(RunnerFrame, tag="reply", frozen=True, kw_only=True):
    """Answer to a command that carried a `request_id`."""

    request_id: str
    ok: bool
    result: Json = None
    error: str = ""
    error_code: str = ""


class CarryWanted(RunnerFrame, tag="carry_wanted", frozen=True, kw_only=True):
    """Somebody inside opened a connection to the way out; the host dials `GET /carry/{carry_id}` for it."""

    carry_id: str


class WorkspaceSync(RunnerFrame, tag="workspace_sync", frozen=True, kw_only=True):
    """A tool call ended: copy changed files out now. The runner waits a bounded time for `WorkspaceSynced`."""

    request_id: str
    session_id: str
    turn_id: str
    tool_name: str = ""


class HostToolCall(RunnerFrame, tag="host_tool_call", frozen=True, kw_only=True):
    """The agent calls a tool that the host carries out.

    A call is open until its answer comes or it is given up, and open calls are said again at each dial-in: the host
    carries out a `request_id` once. `arguments` and even `name` are the model's, so nothing of them is checked yet.
    """

    request_id: str
    session_id: str
    turn_id: str
    tool_use_id: str
    name: str
    arguments: Json


class HostToolCancel(RunnerFrame, tag="host_tool_cancel", frozen=True, kw_only=True):
    """Nobody waits for this call any more (interrupt, end of the turn or session)."""

    request_id: str


class Status(RunnerFrame, tag="status", frozen=True, kw_only=True):
    """The sessions' state changed."""

    sessions: tuple[SessionStatus, ...]


AnyHostFrame = Union[
    Welcome,
    Ack,
    OpenSession,
    Prompt,
    CancelPrompt,
    Interrupt,
    SetModel,
    SetPermissionMode,
    ContextUsage,
    AnswerPermission,
    WorkspaceSynced,
    HostToolAnswer,
    CloseSession,
    Shutdown,
]
AnyRunnerFrame = Union[Hello, Outbox, Reply, CarryWanted, WorkspaceSync, HostToolCall, HostToolCancel, Status]

_encoder = msgspec.json.Encoder()
_host_decoder = msgspec.json.Decoder(AnyHostFrame)
_runner_decoder = msgspec.json.Decoder(AnyRunnerFrame)


def encode_frame(frame: HostFrame | RunnerFrame) -> bytes:
    """One frame as JSON.

    Raises:
        FrameTooLargeError: it is larger than `MAX_FRAME_BYTES`.
    """
    data = _encoder.encode(frame)
    _check_size(data)
    return data


def decode_host_frame(data: bytes | str) -> AnyHostFrame:
    """What the runner reads. Strict.

    Raises:
        FrameTooLargeError: larger than `MAX_FRAME_BYTES`.
        ProtocolError: not a frame of this protocol version.
    """
    _check_size(data)
    try:
        frame: AnyHostFrame = _host_decoder.decode(data)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as err:
        raise ProtocolError(f"Not a frame from a host: {err}") from err
    return frame


def decode_runner_frame(data: bytes | str) -> AnyRunnerFrame:
    """What the host reads. Strict; raises as `decode_host_frame` does."""
    _check_size(data)
    try:
        frame: AnyRunnerFrame = _runner_decoder.decode(data)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as err:
        raise ProtocolError(f"Not a frame from a runner: {err}") from err
    return frame


def _check_size(data: bytes | str) -> None:
    if len(data) > MAX_FRAME_BYTES:
        raise FrameTooLargeError(f"A control frame of {len(data)} bytes is over the limit of {MAX_FRAME_BYTES}.")
