"""Requests and answers between the doors (cell, panel, kernel, command line) and the host.

The same structs travel over REST and into an in-process host. Field names on the wire are camelCase. Requests are
strict; answers may gain fields.
"""

from __future__ import annotations

from typing import Literal, Union

import msgspec

from jupyter_agent_host.protocol.api_base import Answer as Answer  # noqa: PLC0414 - doors import it from here
from jupyter_agent_host.protocol.api_base import Request as Request  # noqa: PLC0414 - as above
from jupyter_agent_host.protocol.attachments import Attachment
from jupyter_agent_host.protocol.control import PermissionMode
from jupyter_agent_host.protocol.events import Json, Usage
from jupyter_agent_host.protocol.review_api import (
    Decided,
    DecideRequest,
    DiffRequest,
    GrantList,
    NotebookMode,
    NotebookModeInfo,
    NotebookModeRequest,
    ReviewDiff,
    ReviewList,
    ReviewRequest,
    RevokeRequest,
)

SandboxStateName = Literal["none", "starting", "ready", "working", "idle", "stopping", "stopped", "lost"]
Trust = Literal["none", "own", "foreign", "unsigned", "corrupt", "diverged"]
"""What the notebook's saved state is to this server. `none`: nothing saved; `own`: signed by a key we hold."""


TurnMoment = Literal[
    "asked",
    "accepted",
    "served",
    "prepared",
    "sent",
    "model_asked",
    "first_text",
    "first_text_journalled",
    "end_heard",
    "end_collected",
    "end_journalled",
    "end_shown",
]
"""Moments of a turn in its host, in the order of a plain one."""


class OpenRequest(Request, frozen=True, kw_only=True):
    """Which notebook am I, and what does the host know of it? Starts nothing.

    `path` is the notebook's path relative to the server's root, needed only where one kernel serves several notebooks.
    """

    path: str = ""


class OfferedFunction(Request, frozen=True, kw_only=True):
    """A function in the person's kernel that the agent may call while the turn runs; `input_schema` is JSON Schema."""

    name: str
    signature: str = ""
    doc: str = ""
    input_schema: Json = None


class PromptRequest(Request, frozen=True, kw_only=True):
    """One turn.

    `once`: if this cell, with this prompt, after this previous turn was already answered, show that answer again.
    `fork`, `new`: continue in a copy of the session, or in a fresh one. `headless`: nobody can be asked; what would
    ask is denied and said. Options that are None keep what the notebook has. `previous_turn_id` is the last turn that
    this kernel showed ("" for none yet): with `once`, an earlier answer counts only if it followed that same turn; with
    `new` as well, only if it began the conversation.
    `idempotency_key`, made up by who asks: a prompt with the key of one that this notebook accepted is answered as that
    one was, and begins nothing. `again`: it may have been sent before, to a server that has restarted since.
    `attachments` reach the agent as content blocks before the prompt; their bounds are in `protocol.attachments`.
    """

    prompt: str
    path: str = ""
    origin: Literal["cell", "panel", "widget", "kernel", "headless", "job"] = "cell"
    cell_id: str = ""
    model: str | None = None
    permission_mode: PermissionMode | None = None
    max_turns: int | None = None
    max_budget_usd: float | None = None
    fork: bool = False
    new: bool = False
    once: bool = False
    previous_turn_id: str = ""
    headless: bool = False
    attachments: tuple[Attachment, ...] = ()
    functions: tuple[OfferedFunction, ...] = ()
    idempotency_key: str = ""
    again: bool = False


class PromptAccepted(Answer, frozen=True, kw_only=True):
    """The turn is queued or running.

    `after`: ask for events with a greater number to see this turn. `answered`: `once` found an earlier answer;
    `turn_id` is that turn's and nothing was sent to the model. `asks_in_page`: a page that shows questions and takes
    answers follows this notebook, so that the door that asked need not put them to its person itself.
    """

    notebook_id: str
    session_id: str
    turn_id: str
    after: int
    answered: bool = False
    asks_in_page: bool = False


class EventsRequest(Request, frozen=True, kw_only=True):
    """Events with a number greater than `after`; of one turn only when `turn_id` is given, ending with it."""

    after: int = 0
    turn_id: str = ""
    path: str = ""


class TurnStreamEnd(Answer, frozen=True, kw_only=True):
    """The last line of a turn's stream: how the notebook stands after it, signed as `protocol.kernel_auth` says."""

    info: msgspec.Raw
    signature: str


class TurnsRequest(Request, frozen=True, kw_only=True):
    """The last turns that led to the present one, whole: at most `limit`, begun before the event `before` (0: newest).

    With `turn_id`: that turn alone, of whichever session.
    """

    before: int = 0
    limit: int = 20
    turn_id: str = ""
    path: str = ""


class TurnsPage(Answer, frozen=True, kw_only=True):
    """Events of some turns, in order; deltas that follow each other are merged.

    `after`: no event up to this number of these turns is missing, so follow from here. `before`: ask with this for the
    turns before these; `earlier` of them are left.
    """

    notebook_id: str
    after: int
    before: int
    earlier: int
    records: tuple[msgspec.Raw, ...] = ()


class NotebookInfo(Answer, frozen=True, kw_only=True):
    """What every surface shows at the top. `isolation_level`: container, namespaces, none, or "" without a sandbox.

    `title` is the session's, "" for none. `turn_cost_usd` is of the running turn so far, else of the last one.
    `context_tokens` fill `context_window` (0: unknown). `cpu_seconds` were used since `sandbox_started`, and
    they, `mem_bytes` and `pids` are as of `measured` (both seconds since the epoch; 0: no sample yet), which was
    `measured_age_seconds` ago: figures are sampled in the background while somebody asks for them. `stripped`: the
    session was taken out of the notebook's file and stays out until the next turn. `saved_in` is the file, relative to
    the server's root, in which this session was found just now ("" for none), with the first `saved_turns` of its
    turns; `saved_problem` says why it is not saved as it should be. `hidden_files` are the first hundred of the folder
    that the agent never sees. `workspace_folder` is what the agent sees, with commands starting in `workspace_place`
    below it; `workspace_restricted`: less of it than was asked for, and `workspace_note` says why. `turn_moments`: when
    the newest turn reached which `TurnMoment`, in seconds since the epoch; empty when none ran since the host started.
    """

    notebook_id: str
    path: str
    session_id: str = ""
    state: SandboxStateName = "none"
    provider: str = ""
    isolation: str = ""
    isolation_level: str = ""
    isolation_notes: tuple[str, ...] = ()
    workspace_mode: str = ""
    workspace_note: str = ""
    workspace_folder: str = ""
    workspace_place: str = ""
    workspace_restricted: bool = False
    trust: Trust = "none"
    trust_reason: str = ""
    turns: int = 0
    queued: int = 0
    cost_usd: float = 0.0
    budget_usd: float | None = None
    model: str = ""
    permission_mode: PermissionMode = "free"
    notebook_mode: NotebookMode = "ask_risky"
    scripted_model: bool = False
    last_event: int = 0
    title: str = ""
    turn_cost_usd: float = 0.0
    context_tokens: int = 0
    context_window: int = 0
    sandbox_started: float | None = None
    measured: float = 0.0
    measured_age_seconds: float | None = None
    cpu_seconds: float | None = None
    mem_bytes: int | None = None
    mem_limit_bytes: int = 0
    cpu_limit: float = 0.0
    pids: int | None = None
    stripped: bool = False
    turn_moments: dict[str, float] = msgspec.field(default_factory=dict)
    saved_in: str = ""
    saved_turns: int = 0
    saved_problem: str = ""
    pending_permissions: tuple[str, ...] = ()
    refused_files: tuple[str, ...] = ()
    hidden_files: tuple[str, ...] = ()


class TurnSummary(Answer, frozen=True, kw_only=True):
    turn_id: str
    session_id: str
    prompt: str
    text: str
    status: str
    started: float
    duration_ms: int = 0
    cost_usd: float = 0.0
    usage: Usage = Usage()
    cell_id: str = ""
    model: str = ""


class History(Answer, frozen=True, kw_only=True):
    """Turns of the notebook's session, oldest first. For a foreign notebook: what its envelope says, unverified."""

    notebook_id: str
    session_id: str
    trust: Trust
    turns: tuple[TurnSummary, ...]


class Cost(Answer, frozen=True, kw_only=True):
    """The gateway's ledger: tokens as the upstream reported them. Dollars are the SDK's estimate."""

    notebook_id: str
    cost_usd: float
    budget_usd: float | None
    usage: Usage
    requests: int
    refused_requests: int


class Simple(Request, frozen=True, kw_only=True):
    """A verb without arguments: interrupt, stop, reset, status, history, cost."""

    path: str = ""


class TrustRequest(Request, frozen=True, kw_only=True):
    """A person says what to do with saved state that is not ours.

    `resume`: continue it as mine. `fresh`: start a new session; the old state is kept aside. For diverged state:
    `journal` or `notebook` picks the side that goes on.
    """

    choice: Literal["resume", "fresh", "journal", "notebook"] = "resume"
    path: str = ""


class GrantRequest(Request, frozen=True, kw_only=True):
    """Let guarded workspace changes through. `target`: a path relative to the notebook's folder, or a glob."""

    target: str
    path: str = ""


class FolderRequest(Request, frozen=True, kw_only=True):
    """Choose the folder that the agent sees; takes effect with the next prompt, in a new sandbox.

    `target`: a path, absolute, below the home (`~/`), or relative to the notebook's folder; "" with `reset` goes back
    to the notebook's project, "" alone only tells.
    """

    target: str = ""
    reset: bool = False
    path: str = ""


class PackagesRequest(Request, frozen=True, kw_only=True):
    """What the agent installed: tell it, or write it into a new file of this name beside the notebook."""

    file: str = ""
    path: str = ""


class ModelRequest(Request, frozen=True, kw_only=True):
    model: str | None = None
    path: str = ""


class ModeRequest(Request, frozen=True, kw_only=True):
    mode: PermissionMode
    path: str = ""


class AnswerRequest(Request, frozen=True, kw_only=True):
    """A person's decision on a `PermissionAsked`. The first answer counts; a later one is told that it came too late.

    `remember`: `notebook` lets the like happen again in this notebook without asking.
    """

    request_id: str
    decision: Literal["allow", "deny"]
    message: str = ""
    updated_input: Json = None
    remember: Literal["once", "notebook"] = "once"
    path: str = ""


class HistoryRequest(Request, frozen=True, kw_only=True):
    """The turns of a session, of the present one by default."""

    session_id: str = ""
    path: str = ""


class ForkRequest(Request, frozen=True, kw_only=True):
    """Go on in a copy of the conversation: as it is, or as it was when turn `turn_id` had ended."""

    turn_id: str = ""
    path: str = ""


class ResumeRequest(Request, frozen=True, kw_only=True):
    """Go on with another session of this notebook."""

    session_id: str
    path: str = ""


class RenameRequest(Request, frozen=True, kw_only=True):
    """Give a session a title, the present one by default. An empty title takes it away."""

    title: str
    session_id: str = ""
    path: str = ""


class CancelRequest(Request, frozen=True, kw_only=True):
    """Take back a prompt that waits. One that runs is not touched; see `interrupt`."""

    turn_id: str
    path: str = ""


class SessionSummary(Answer, frozen=True, kw_only=True):
    """One conversation of a notebook. `turns` counts those it was forked with; `cost_usd` is of its own (estimate)."""

    session_id: str
    title: str
    first_prompt: str
    turns: int
    cost_usd: float
    created: float
    last_used: float
    parent_session_id: str = ""
    current: bool = False


class SessionList(Answer, frozen=True, kw_only=True):
    """The notebook's sessions, the one used last first."""

    notebook_id: str
    sessions: tuple[SessionSummary, ...]


class ContextPart(Answer, frozen=True, kw_only=True):
    """What some kind of content takes of the context window."""

    name: str
    tokens: int


class ContextUse(Answer, frozen=True, kw_only=True):
    """How full the agent's context window is. `live`: the agent counted now; else what its last turn told.

    `compacts_at`: tokens at which the agent sums the conversation up by itself; 0 when that is unknown.
    """

    tokens: int
    window: int
    live: bool = False
    model: str = ""
    compacts_at: int = 0
    parts: tuple[ContextPart, ...] = ()


class ModelList(Answer, frozen=True, kw_only=True):
    """Models that can be offered. Others that match one of the globs in `allowed` work as well."""

    current: str
    default: str
    models: tuple[str, ...]
    allowed: tuple[str, ...]


class NetworkRequest(Request, frozen=True, kw_only=True):
    """What the notebook's agent may reach: list it, or change the notebook's own rules.

    `allow` and `deny` add a rule, `revoke` takes one back. `target`: a host, `*.suffix` or preset, see the admin guide.
    """

    action: Literal["list", "allow", "deny", "revoke"] = "list"
    target: str = ""
    path: str = ""


class NetworkRule(Answer, frozen=True, kw_only=True):
    """One rule. `source`: server, or notebook. `counts`: False for a permission that a locked policy makes void."""

    rule: str
    verdict: Literal["allow", "deny"]
    source: Literal["server", "notebook"]
    counts: bool = True


class NetworkReport(Answer, frozen=True, kw_only=True):
    """A notebook's network. `policy`: what happens with a host that no rule names. `services`: places signed in to."""

    policy: Literal["deny", "ask"]
    locked: bool
    rules: tuple[NetworkRule, ...]
    presets: tuple[str, ...]
    services: tuple[str, ...] = ()
    bytes_today: int = 0
    message: str = ""


class McpRequest(Request, frozen=True, kw_only=True):
    """The MCP servers that this notebook may use: list them, or switch one on or off from the next prompt on."""

    action: Literal["list", "on", "off"] = "list"
    name: str = ""
    path: str = ""


class McpInfo(Answer, frozen=True, kw_only=True):
    """One MCP server that the administrator set up. `runs`: inside the sandbox, or outside behind the gateway."""

    name: str
    on: bool
    runs: Literal["inside", "outside"]
    about: str = ""


class McpReport(Answer, frozen=True, kw_only=True):
    servers: tuple[McpInfo, ...]
    message: str = ""


class Done(Answer, frozen=True, kw_only=True):
    """A verb was carried out. `message` is a sentence for the person."""

    ok: bool = True
    message: str = ""
    session_id: str = ""


class Failure(Answer, frozen=True, kw_only=True):
    """The body of every error answer: an `AgentHostError` as data."""

    code: str
    message: str
    retryable: bool = False


AnyAnswer = Union[
    PromptAccepted,
    NotebookInfo,
    History,
    TurnsPage,
    Cost,
    SessionList,
    ContextUse,
    ModelList,
    NetworkReport,
    McpReport,
    Done,
]

VERBS: dict[str, tuple[type[Request], type[Answer]]] = {
    "open": (OpenRequest, NotebookInfo),
    "prompt": (PromptRequest, PromptAccepted),
    "interrupt": (Simple, Done),
    "stop": (Simple, Done),
    "reset": (Simple, Done),
    "fork": (ForkRequest, Done),
    "sessions": (Simple, SessionList),
    "resume": (ResumeRequest, Done),
    "rename": (RenameRequest, Done),
    "cancel": (CancelRequest, Done),
    "strip": (Simple, Done),
    "context": (Simple, ContextUse),
    "models": (Simple, ModelList),
    "status": (Simple, NotebookInfo),
    "history": (HistoryRequest, History),
    "turns": (TurnsRequest, TurnsPage),
    "cost": (Simple, Cost),
    "trust": (TrustRequest, Done),
    "grant": (GrantRequest, Done),
    "folder": (FolderRequest, Done),
    "packages": (PackagesRequest, Done),
    "model": (ModelRequest, Done),
    "mode": (ModeRequest, Done),
    "answer": (AnswerRequest, Done),
    "network": (NetworkRequest, NetworkReport),
    "mcp": (McpRequest, McpReport),
    "notebook_mode": (NotebookModeRequest, NotebookModeInfo),
    "grants": (Simple, GrantList),
    "revoke": (RevokeRequest, Done),
    "review": (ReviewRequest, ReviewList),
    "review_diff": (DiffRequest, ReviewDiff),
    "accept": (DecideRequest, Decided),
    "reject": (DecideRequest, Decided),
    "undo": (DecideRequest, Decided),
}
"""Every verb of the host API but `events` (which streams): its request and its answer."""
