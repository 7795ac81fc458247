"""The seam between the host and the notebook's folder: one frozen request, one frozen result, one Protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.protocol.events import FileChange
from jupyter_agent_host.sandbox.spec import ProviderReport, WorkspaceMount


@dataclass(frozen=True)
class WorkspaceRequest:
    """What a workspace is to be made of.

    Attributes:
        folder: the notebook's folder; None (unknown) gives a private workspace.
        state_dir: private to this notebook and to the host; made 0700; survives restarts.
        grants: paths relative to `folder`, or globs, that the person let through earlier.
        notebook_name: the notebook's file name, for sentences.
    """

    settings: WorkspaceSettings
    folder: Path | None
    state_dir: Path
    report: ProviderReport
    grants: tuple[str, ...] = ()
    notebook_name: str = ""


@dataclass(frozen=True)
class Refused:
    """A change that stays inside. `path` is relative to the notebook's folder, made printable; a folder ends in `/`."""

    path: str
    reason: str


@dataclass(frozen=True)
class Collected:
    """What one collect did: `refused` holds the refusals that no earlier collect told, `all_refused` all that stand."""

    files: tuple[FileChange, ...] = ()
    refused: tuple[Refused, ...] = ()
    all_refused: tuple[Refused, ...] = ()


class Workspace(Protocol):
    """One notebook's workspace. Calls are serialised; blocking work runs in threads and stops when cancelled.

    Attributes:
        mode: `sync`, `private` or `bind`: what it really is, known after `prepare`.
        note: one sentence when that differs from what was asked or must be said aloud, else "".
        masked: relative paths that are hidden from the agent, known after `prepare`.
    """

    @property
    def mode(self) -> str: ...

    @property
    def note(self) -> str: ...

    @property
    def masked(self) -> tuple[str, ...]: ...

    async def prepare(self) -> WorkspaceMount:
        """Make or bring up to date what a sandbox mounts. Idempotent; keeps what the agent left.

        Raises:
            WorkspaceError: the private folder cannot be written, or the disk is full.
        """

    async def refresh(self) -> None:
        """Before each turn: the person's changes go in. Changes of the agent that were not collected stay.

        Raises:
            WorkspaceError: as `prepare`, or the notebook's folder is gone.
        """

    async def collect(self) -> Collected:
        """After each tool call: copy the agent's changes out, as the person. What fails is tried again next time.

        Cancelling leaves each file either old or new.

        Raises:
            WorkspaceError: the notebook's folder is gone or unreadable; nothing is lost.
        """

    def grant(self, pattern: str) -> None:
        """Let a path or glob through from the next collect on."""

    async def discard(self) -> None:
        """Remove the private state. The notebook's folder is left alone. Idempotent."""
