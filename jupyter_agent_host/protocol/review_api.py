"""Requests and answers about what a turn changed, and about what the agent may do in the notebook.

Verbs: `review`, `review_diff`, `accept`, `reject`, `undo`; `notebook_mode`, `grants`, `revoke`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from jupyter_agent_host.protocol.api_base import Answer, Request

NotebookMode = Literal["ask", "ask_risky", "auto"]
"""What the agent asks for in the notebook: every edit and run, those that the rules find risky, or nothing."""

NOTEBOOK_MODES: tuple[NotebookMode, ...] = ("ask", "ask_risky", "auto")
"""From the strictest on."""

ItemKind = Literal["cell", "file"]


class ReviewRequest(Request, frozen=True, kw_only=True):
    """What turns changed: of one turn, or of the newest `limit` (at most 100) that changed anything."""

    turn_id: str = ""
    limit: int = 20
    path: str = ""


class ReviewItem(Answer, frozen=True, kw_only=True):
    """One cell or file that a turn changed.

    `action` of a cell: inserted, edited, moved, ran or deleted; of a file: created, modified or deleted. `state`: open,
    waiting (not in the person's folder yet), accepted, rejected or undone. `head`: the first line of a cell. `problem`:
    why it cannot be undone, "" if it can. `added` and `removed` count lines.
    """

    kind: ItemKind
    key: str
    action: str
    state: Literal["open", "waiting", "accepted", "rejected", "undone"]
    head: str = ""
    position: int | None = None
    added: int = 0
    removed: int = 0
    problem: str = ""
    reason: str = ""


class ReviewTurn(Answer, frozen=True, kw_only=True):
    """One turn's changes. `dropped` says why its contents are gone, "" while it can be undone."""

    turn_id: str
    time: float
    summary: str
    open: int
    dropped: str = ""
    items: tuple[ReviewItem, ...] = ()


class ReviewList(Answer, frozen=True, kw_only=True):
    """Turns that changed something, the newest first. `note` says what cannot be undone here at all."""

    notebook_id: str
    turns: tuple[ReviewTurn, ...]
    note: str = ""


class ItemRef(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A cell's id or a file's path; `kind` only where both are called the same."""

    key: str
    kind: Literal["", "cell", "file"] = ""


class DiffRequest(Request, frozen=True, kw_only=True):
    """One item's diff; without `turn_id` of the newest turn that changed it."""

    key: str
    kind: Literal["", "cell", "file"] = ""
    turn_id: str = ""
    path: str = ""


class ReviewDiff(Answer, frozen=True, kw_only=True):
    """What the turn did (`diff`, unified, without header), and what the person did since (`since`, the same way).

    `metadata` and `outputs` say in words what changed of a cell besides its source; `before` and `after` are the whole
    texts, None for nothing, for binary content and for what is too long.
    """

    kind: ItemKind
    key: str
    diff: str = ""
    since: str = ""
    before: str | None = None
    after: str | None = None
    metadata: str = ""
    outputs: str = ""
    problem: str = ""


class DecideRequest(Request, frozen=True, kw_only=True):
    """Accept, reject or undo items of a turn: those named, else all that are open (undo: all).

    Without `turn_id`: of the newest turn that changed all those named and is not undone yet.
    `choice` settles conflicts: `mine` keeps what the person has now, `before` goes back to what was before the turn.
    """

    turn_id: str = ""
    items: tuple[ItemRef, ...] = ()
    choice: Literal["", "mine", "before"] = ""
    path: str = ""


class ReviewConflict(Answer, frozen=True, kw_only=True):
    """The person changed the same place since: nothing was done. `diff` is from what they have to what was before."""

    kind: ItemKind
    key: str
    reason: str
    mine: str | None = None
    before: str | None = None
    diff: str = ""


class Decided(Answer, frozen=True, kw_only=True):
    """`ok` is False when anything is left undone: in conflict, or impossible (`message` says why)."""

    ok: bool
    message: str
    turn: ReviewTurn | None = None
    conflicts: tuple[ReviewConflict, ...] = ()


class NotebookModeRequest(Request, frozen=True, kw_only=True):
    """Set what the agent must ask for in the notebook; None only tells it."""

    mode: NotebookMode | None = None
    path: str = ""


class NotebookModeInfo(Answer, frozen=True, kw_only=True):
    """`mode` holds now; `allowed` are those that the administrator lets a person pick."""

    mode: NotebookMode
    allowed: tuple[NotebookMode, ...]
    message: str = ""


class PermissionGrant(Answer, frozen=True, kw_only=True):
    """The agent may call `tool` without asking. `risk`: of what kind, "" for calls without any."""

    tool: str
    risk: str
    time: float
    actor: str


class GrantList(Answer, frozen=True, kw_only=True):
    """`tools`: calls let through; `files`: patterns of guarded workspace files let through."""

    tools: tuple[PermissionGrant, ...]
    files: tuple[str, ...]


class RevokeRequest(Request, frozen=True, kw_only=True):
    """Take grants back: of the tool or file pattern `target` (and one kind of risk), or all."""

    target: str = ""
    risk: str | None = None
    path: str = ""
