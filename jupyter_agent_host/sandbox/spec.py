"""Frozen requests and results of providers. Nothing here reads traits, environment variables or files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Union

from jupyter_agent_host.sandbox.python import PythonEnvironment

GIB = 1024**3

LABEL_HOST = "io.jupyter.agent-host.host"
LABEL_NOTEBOOK = "io.jupyter.agent-host.notebook"
LABEL_SESSION = "io.jupyter.agent-host.session"
LABEL_PROTOCOL = "io.jupyter.agent-host.protocol"
LABEL_SDK = "io.jupyter.agent-host.sdk"
LABEL_CLI = "io.jupyter.agent-host.cli"
LABEL_RUNNER = "io.jupyter.agent-host.runner"

WORKSPACE = "/workspace"
HOME = "/home/agent"


@dataclass(frozen=True)
class Limits:
    """Resource limits of one sandbox; defaults are the hosting guide's floor per agent.

    Attributes:
        mem_bytes: memory, swap included.
        cpus: CPU cores.
        disk_bytes: HOME, scratch and private files together, where the provider can enforce it.
        pids: processes and threads.
        open_files: of one process. Core dumps, which would hold all that a process knew, are off.
    """

    mem_bytes: int = GIB
    cpus: float = 1.0
    disk_bytes: int = 5 * GIB
    pids: int = 512
    open_files: int = 8192


@dataclass(frozen=True)
class BindWorkspace:
    """A host folder becomes `/workspace`, read-write.

    The folder is either private to this sandbox or, in the opt-in `bind` mode, the person's own. `limit` says what the
    host itself does to keep it small, as a note for people; "" is nothing.
    """

    source: Path
    limit: str = ""


@dataclass(frozen=True)
class OverlayWorkspace:
    """`/workspace` is `lower` read-only with writes going to `upper`; all three are folders on the host.

    `upper` and `work` lie on one file system, are private to this sandbox, and belong to `SandboxSpec.user`.
    `limit` is as in `BindWorkspace`, for the upper layer.
    """

    lower: Path
    upper: Path
    work: Path
    limit: str = ""


@dataclass(frozen=True)
class ScratchWorkspace:
    """`/workspace` is empty and lives and dies with the sandbox (no file system is shared with the host)."""


WorkspaceMount = Union[BindWorkspace, OverlayWorkspace, ScratchWorkspace]


@dataclass(frozen=True)
class SandboxSpec:
    """Everything a provider needs to make one sandbox.

    Attributes:
        host_id: id of the host's data folder; goes into labels, so that a restarted host finds its own.
        notebook_id, session_id: for labels and names.
        token: the runner's bearer token; goes to the runner's stdin and nowhere else.
        workspace: what `/workspace` is.
        workdir: the folder in it where commands start, relative; "" for `/workspace` itself.
        python: what the agent's Python is made of; None for the sandbox's own, with nothing kept.
        limits: resource limits.
        user: uid and gid inside; never 0.
        environment: the complete environment of the runner besides what the provider itself must set
            (PATH, HOME, TMPDIR, LANG). Holds no secret.
        stream: `socket` (unix socket in a shared folder), `exec` (a relay run inside), or `auto`.
    """

    host_id: str
    notebook_id: str
    session_id: str
    token: str = field(repr=False)
    workspace: WorkspaceMount = ScratchWorkspace()
    workdir: str = ""
    python: PythonEnvironment | None = None
    limits: Limits = Limits()
    user: tuple[int, int] = (1000, 1000)
    environment: Mapping[str, str] = field(default_factory=dict)
    stream: Literal["auto", "socket", "exec"] = "auto"

    @property
    def start_folder(self) -> str:
        """Where commands start, as the sandbox sees it."""
        return f"{WORKSPACE}/{self.workdir}" if self.workdir else WORKSPACE


@dataclass(frozen=True)
class Isolation:
    """What holds the agent back, honestly.

    Attributes:
        level: `container`, `namespaces` (bubblewrap) or `none`.
        phrase: a few words for people, such as "Docker, no network" or "not isolated".
        notes: what is weaker than asked, one phrase each, without a full stop ("the disk limit is not enforced: ...").
    """

    level: Literal["container", "namespaces", "none"]
    phrase: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProviderReport:
    """What a provider found when it was asked whether it can work here.

    Attributes:
        available: whether `create` can be expected to work now.
        reason: one sentence: why not, with what to install or run; or what was found.
        isolation: what sandboxes of this provider will be; None if unavailable.
        overlay: whether `OverlayWorkspace` is supported here.
        shared_filesystem: whether host folders can be mounted at all.
        sees_mounts: whether what this host mounts below such a folder is seen, too.
        file_owner: (uid, gid) on the host of files that a sandbox writes into a mounted host folder, given the user
            that runs the host; None if nothing can be mounted.
        sandbox_user: the uid and gid that `SandboxSpec.user` should hold.
        details: name to value, for `doctor` (engine version, image, probes that were tried).
    """

    provider: str
    available: bool
    reason: str
    isolation: Isolation | None = None
    overlay: bool = False
    shared_filesystem: bool = True
    sees_mounts: bool = True
    file_owner: tuple[int, int] | None = None
    sandbox_user: tuple[int, int] = (1000, 1000)
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExitState:
    """How a sandbox ended. `exit_code` is None when the provider cannot know it."""

    exit_code: int | None
    oom_killed: bool = False
    detail: str = ""


@dataclass(frozen=True)
class SandboxStats:
    """A moment's use of resources. None where the provider cannot tell."""

    mem_bytes: int | None = None
    cpu_seconds: float | None = None
    pids: int | None = None
