"""What the journal gives back: one frozen row a thing. Times are seconds since the epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field

from jupyter_agent_host.protocol.events import Usage


@dataclass(frozen=True)
class TurnRow:
    """One prompt and how it went.

    Attributes:
        seq: 1 for the session's first turn.
        prompt_digest: of the prompt as sent, see `digests.prompt_digest`.
        ended: None while the turn runs; `status` is then "running", else that of its `TurnEnded`.
        first_event, last_event: numbers of its `TurnStarted` and its latest event; 0 for an imported turn.
        previous_turn_id: "" for the first turn of a conversation; a fork's first turn names its parent's last one.
        chain_digest: names this turn and all before it, see `digests.chain_digest`.
    """

    turn_id: str
    notebook_id: str
    session_id: str
    seq: int
    prompt: str
    prompt_digest: str
    cell_id: str
    origin: str
    actor: str
    model: str
    started: float
    ended: float | None
    status: str
    text: str
    usage: Usage
    cost_usd: float
    duration_ms: int
    first_event: int
    last_event: int
    previous_turn_id: str
    chain_digest: str


@dataclass(frozen=True)
class NotebookRow:
    """A notebook that this data folder knows. `path` is absolute, "" if it has none; a path belongs to one notebook.

    Attributes:
        grants: patterns of guarded workspace files that the person let through.
        notebook_mode: what the agent must ask for in the notebook's cells and kernel; "" for the server's default.
        stripped: a person took the session out of the file; nothing is written into it before the next turn.
        folder: the folder that a person chose for the agent to see, absolute; "" for the notebook's project.
    """

    notebook_id: str
    path: str
    session_id: str
    model: str
    permission_mode: str
    created: float
    updated: float
    grants: tuple[str, ...] = ()
    budget_usd: float | None = None
    trust_note: str = ""
    notebook_mode: str = ""
    stripped: bool = False
    folder: str = ""


@dataclass(frozen=True)
class SessionRow:
    """One conversation of a notebook. `parent_session_id` is "" unless it was forked.

    `fork_turn_id`: the parent's last turn that the fork begins with; "" for all of them.
    """

    session_id: str
    notebook_id: str
    parent_session_id: str
    title: str
    created: float
    sdk_version: str
    cli_version: str
    fork_turn_id: str = ""


@dataclass(frozen=True)
class SessionOverview:
    """One conversation as a list shows it.

    Attributes:
        turns: all that lead to its last one; `own_turns`: those since it was forked.
        cost_usd: of its own turns.
        first_prompt: of its own first turn, else of the last one that it inherited; "" for none.
    """

    session: SessionRow
    turns: int
    own_turns: int
    cost_usd: float
    last_used: float
    first_prompt: str


@dataclass(frozen=True)
class SandboxRow:
    """A sandbox that was made and not yet taken down. `token` is its runner's secret."""

    sandbox_id: str
    provider: str
    notebook_id: str
    session_id: str
    token: str = field(repr=False)
    created: float


@dataclass(frozen=True)
class ChoiceRow:
    """One decision of a notebook's owner. `kind`: network, mcp; `name`: a host rule, a server; `actor`: who decided."""

    notebook_id: str
    kind: str
    name: str
    verdict: str
    actor: str
    time: float


@dataclass(frozen=True)
class LedgerSum:
    """The gateway's ledger for one notebook. `requests` counts all, refused ones included."""

    cost_usd: float
    usage: Usage
    requests: int
    refused: int


@dataclass(frozen=True)
class AsideRow:
    """Bytes that were replaced or could not be read, kept."""

    notebook_id: str
    reason: str
    time: float
    data: bytes


@dataclass(frozen=True)
class PermissionGrantRow:
    """In this notebook calls of this tool with this kind of risk ("" for none) are not asked about any more."""

    notebook_id: str
    tool: str
    risk: str
    time: float
    actor: str


@dataclass(frozen=True)
class JobRow:
    """One run in a notebook's kernel that its agent began.

    Attributes:
        number: counts the notebook's jobs; the agent calls the third one j3.
        request_id: of the tool call that began it, in the turn `turn_id`.
        headless: nobody was there to answer questions.
        cell_ids: the cells that it runs, none for code without a cell.
        state: open, ended, or lost: its server stopped listening before its end.
        told: whether the agent heard of its end or its loss.
    """

    notebook_id: str
    number: int
    request_id: str
    turn_id: str
    title: str
    headless: bool
    cell_ids: tuple[str, ...]
    began: float
    state: str = "open"
    told: bool = False


@dataclass(frozen=True)
class CheckpointItemRow:
    """One cell or file that a turn changed.

    `before` and `after` are JSON of `host.review.kept_versions`, None for nothing.

    Attributes:
        kind: `cell` or `file`; `key`: the cell's id, or the path relative to the notebook's folder.
        state: open, accepted, rejected or undone.
        told: whether the agent knows of a rejection.
        size_bytes: what keeping it costs, content in files included.
    """

    kind: str
    key: str
    state: str = "open"
    told: bool = False
    size_bytes: int = 0
    before: bytes | None = None
    after: bytes | None = None


@dataclass(frozen=True)
class CheckpointRow:
    """What one turn changed. `dropped` says why its contents are gone, "" while they are there.

    `places` is JSON of `host.review.cell_order`, None while the turn changed no cell's place.
    """

    notebook_id: str
    turn_id: str
    session_id: str
    time: float
    dropped: str = ""
    places: bytes | None = None
    items: tuple[CheckpointItemRow, ...] = ()

    @property
    def size_bytes(self) -> int:
        return sum(item.size_bytes for item in self.items)


@dataclass(frozen=True)
class Standing:
    """Where a notebook and its conversation stand, in figures.

    Attributes:
        turns: those that led to the conversation's last one.
        cost_usd: of the notebook; `turn_cost_usd` of the turn that began at the given time, else of the last one.
        context_tokens: in the context after the newest turn; 0 when no turn told.
    """

    title: str
    turns: int
    cost_usd: float
    turn_cost_usd: float
    context_tokens: int
