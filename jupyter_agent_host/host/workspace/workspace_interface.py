"""The seam between the host and the notebook's folder: one frozen request, one frozen result, one Protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from jupyter_agent_host.host.disk_quota import Layer, Layers
from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace.files.file_backups import Keeper, Kept
from jupyter_agent_host.host.workspace.sync_state import Stamp
from jupyter_agent_host.protocol.events import FileChange
from jupyter_agent_host.sandbox.spec import ProviderReport, WorkspaceMount


@dataclass(frozen=True)
class WorkspaceRequest:
    """What a workspace is to be made of.

    Attributes:
        folder: the folder that is shown; None (unknown) gives a private workspace.
        place: the notebook's folder relative to it, "" for that folder itself.
        state_dir: private to this notebook and to the host; made 0700; survives restarts.
        layer: where the agent's private layer is made, if not in `state_dir`; what it may hold and who sees to that.
        layers: finds the private layer; None makes it in `state_dir`, without a limit.
        grants: paths relative to `folder`, or globs, that the person let through earlier.
        notebook_name: the notebook's file name, for sentences.
        keeper: keeps what files were before the host changed them; None keeps nothing.
    """

    settings: WorkspaceSettings
    folder: Path | None
    state_dir: Path
    report: ProviderReport
    grants: tuple[str, ...] = ()
    notebook_name: str = ""
    keeper: Keeper | None = None
    layers: Layers | None = None
    layer: Layer | None = None
    place: str = ""

    @property
    def layer_dir(self) -> Path:
        """Where trees that the sandbox writes are made."""
        return self.state_dir if self.layer is None else self.layer.folder

    @property
    def limit(self) -> str:
        """What holds the layer's size, for people; "" for nothing."""
        return "" if self.layer is None else self.layer.note()


@dataclass(frozen=True)
class Refused:
    """A change that stays inside. `path` is relative to the notebook's folder, made printable; a folder ends in `/`."""

    path: str
    reason: str


class Waiting(msgspec.Struct, frozen=True):
    """A change that stays inside until a person decides. `stamp` names the content inside; None: it was deleted."""

    path: str
    reason: str
    stamp: Stamp | None


@dataclass(frozen=True)
class Collected:
    """What one collect did.

    Attributes:
        refused: the refusals that no earlier collect told; `all_refused`: all that stand.
        kept: what each changed file was before; `waiting`: each file that a person could let through.
    """

    files: tuple[FileChange, ...] = ()
    refused: tuple[Refused, ...] = ()
    all_refused: tuple[Refused, ...] = ()
    kept: tuple[Kept, ...] = ()
    waiting: tuple[Waiting, ...] = ()


@dataclass(frozen=True)
class Look:
    """A file on both sides, None where there is none. `too_big`: not read, or no text."""

    person: bytes | None
    inside: bytes | None
    too_big: bool = False


class Workspace(Protocol):
    """One notebook's workspace. Calls are serialised; blocking work runs in threads and stops when cancelled.

    Attributes:
        folder: the person's folder that it is made of, None if it is not known.
        private_dir: where else the sandbox's own files may be kept, within the same limit; known after `prepare`.
        mode: `sync`, `review`, `private` or `bind`: what it really is, known after `prepare`.
        workdir: where commands start, below `/workspace`: "" for that folder itself; known after `prepare`.
        restricted: less is shown than was asked for, and `note` says why.
        note: one sentence when that differs from what was asked or must be said aloud, else "".
        masked: relative paths that are hidden from the agent, known after `prepare`.
        watched: whether nothing but `overfull` keeps the layer small, known after `prepare`.
        outdated: the sandbox goes on seeing what was taken back; a new one would not.
    """

    @property
    def folder(self) -> Path | None: ...

    @property
    def private_dir(self) -> Path: ...

    @property
    def mode(self) -> str: ...

    @property
    def workdir(self) -> str: ...

    @property
    def restricted(self) -> bool: ...

    @property
    def note(self) -> str: ...

    @property
    def masked(self) -> tuple[str, ...]: ...

    @property
    def watched(self) -> bool: ...

    @property
    def outdated(self) -> bool: ...

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

    def revoke(self, pattern: str) -> None:
        """The opposite. Idempotent."""

    async def accept(self, stamps: Mapping[str, Stamp | None], *, over_mine: bool = False) -> Collected:
        """Collect, and let these very contents through once; what changed inside since then goes on waiting.

        `over_mine`: also where the person changed the file meanwhile. Raises as `collect`.
        """

    async def look(self, path: str) -> Look:
        """Both sides of a change that waits. Raises as `collect`."""

    async def revert(self, paths: Sequence[str]) -> None:
        """Take changes that wait back inside: the agent sees the person's file again. Raises as `refresh`."""

    async def installed(self) -> list[str]:
        """What the agent installed into its environment, as lines of a requirements file."""

    async def overfull(self) -> str:
        """Why the sandbox must be stopped: its layer passed what it may hold; "" while it did not, or cannot.

        To be asked again and again while a sandbox runs where `watched`; each time costs one walk over the layer.
        """

    async def release(self) -> None:
        """No sandbox uses it any more: what was mounted for one is taken away. Idempotent."""

    async def discard(self) -> None:
        """Remove the private state. The notebook's folder is left alone. Idempotent."""
