"""Everything that can be set, frozen. `server/config` makes these from traits; nothing below reads a trait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jupyter_agent_host.host.secret_text import SecretText
from jupyter_agent_host.protocol.control import PermissionMode
from jupyter_agent_host.protocol.review_api import NotebookMode
from jupyter_agent_host.sandbox.spec import Limits
from jupyter_agent_host.store.envelope.signatures import SigningKey

PUBLIC_API = "https://api.anthropic.com"

SaveState = Literal["full", "no_tool_output", "pointer", "off"]
WorkspaceMode = Literal["sync", "review", "private", "bind"]
PROJECT_MARKERS = (".git", "pyproject.toml", "environment.yml", "requirements.txt", ".jupyter-agent", "*.Rproj")


@dataclass(frozen=True)
class Credential:
    """The upstream's credential. `kind` says which header it goes into; `value` is never shown."""

    kind: Literal["api_key", "auth_token"]
    value: str = field(repr=False)


@dataclass(frozen=True)
class CompanyNetwork:
    """How a company's machines get out.

    Attributes:
        proxy: `http://host:port` or `https://host:port` of a proxy that takes CONNECT, "" for none.
        proxy_user: `user:password` for it, with secrets.
        no_proxy: hosts, suffixes, addresses and networks that are reached without it, as in NO_PROXY.
        ca_bundle: a PEM file of authorities that are trusted besides the public ones.
    """

    proxy: str = ""
    proxy_user: SecretText | None = field(default=None, repr=False)
    no_proxy: tuple[str, ...] = ()
    ca_bundle: Path | None = None


@dataclass(frozen=True)
class GatewaySettings:
    """The host's door to the model.

    Attributes:
        base_url: upstream; `http` is accepted for loopback only.
        credential: None means that every request is answered with a sentence about the missing key.
        allowed_models: glob patterns; a request for any other model is refused.
        allowed_features: names of refused features let through again: `mcp_servers`, `container`, `server_tools`,
            `url_sources`, `file_sources`.
        max_in_flight: model requests at once, per notebook.
        max_requests_per_minute: per notebook.
        max_body_bytes: one request's body.
        prices: US dollars per million tokens, by model glob: (input, output, cache read, cache write); overrides
            the built-in table.
        company: None: the environment of the process decides, for the model alone.
        headers: more headers of model requests, for a model gateway of the company's; with secrets.
        label: a phrase that surfaces show when the upstream is not a real model, "" otherwise.
    """

    base_url: str = PUBLIC_API
    credential: Credential | None = None
    allowed_models: tuple[str, ...] = ("claude-*",)
    allowed_features: tuple[str, ...] = ()
    max_in_flight: int = 8
    max_requests_per_minute: int = 120
    max_body_bytes: int = 32 * 1024 * 1024
    prices: Mapping[str, tuple[float, float, float, float]] = field(default_factory=dict)
    company: CompanyNetwork | None = None
    headers: Mapping[str, SecretText] = field(default_factory=dict, repr=False)
    label: str = ""


@dataclass(frozen=True)
class NetworkSettings:
    """What sandboxes may reach besides the model.

    Attributes:
        allowed_hosts, denied_hosts: host rules and names of presets; a denial wins.
        policy: what happens with a host on neither list: `deny`, or `ask` the person.
        locked: a notebook's owner can narrow this, not widen it; nobody is asked.
        private_hosts: host rules of the company's own hosts, whose addresses may be those of RFC 1918 and RFC 4193.
        max_connections: open ones at once, per notebook.
        max_bytes_per_day: both directions, per notebook and UTC day, counted while the host runs.
    """

    allowed_hosts: tuple[str, ...] = ()
    denied_hosts: tuple[str, ...] = ()
    policy: Literal["deny", "ask"] = "deny"
    locked: bool = False
    private_hosts: tuple[str, ...] = ()
    max_connections: int = 32
    max_bytes_per_day: int = 10 * 1024**3


ServiceUse = Literal["pip", "npm", "git", "mcp", "other"]


@dataclass(frozen=True)
class ServiceSettings:
    """A place outside that the gateway signs in to.

    Attributes:
        name: stands in its address inside the sandbox, `/to/{name}/`.
        url: https, or http on loopback.
        use: which tools inside are pointed there, and what may be asked of it.
        headers: header names to their values, with secrets.
        basic: `user:password` with secrets, for basic authentication.
        push: git may write.
    """

    name: str
    url: str
    use: ServiceUse = "other"
    headers: Mapping[str, SecretText] = field(default_factory=dict, repr=False)
    basic: SecretText | None = field(default=None, repr=False)
    push: bool = False


@dataclass(frozen=True)
class McpSettings:
    """An MCP server that notebooks may use.

    Attributes:
        name: lower case letters, digits, dashes and underscores.
        command, args, env: of a stdio server, which runs inside the sandbox; hold no secrets.
        service: of an http server, which is reached through the gateway; None for a stdio one.
        transport: http, or sse.
        enabled: whether a notebook has it unless its owner says otherwise.
        about: a phrase for the list of servers.
    """

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    service: ServiceSettings | None = None
    transport: Literal["http", "sse"] = "http"
    enabled: bool = False
    about: str = ""


@dataclass(frozen=True)
class AuditSettings:
    """The audit log, `audit/audit.jsonl` in the data folder.

    Attributes:
        enabled: False writes no file; listeners still hear.
        required: agents wait while the file cannot be written.
        max_bytes: of one file, before the next one begins; `backups`: how many full ones are kept.
    """

    enabled: bool = True
    required: bool = False
    max_bytes: int = 10 * 1024**2
    backups: int = 5


@dataclass(frozen=True)
class WorkspaceSettings:
    """How the notebook's folder reaches the sandbox.

    Attributes:
        mode: `sync`, `review` (files are copied out once a person accepted them), `private` or `bind`.
        max_copy_bytes, max_copy_files: above either, a folder that would have to be copied becomes `private`.
        max_sync_bytes: the most that one turn may copy out.
        limit: what keeps the private layer small: a `volume`, a `watch`, or the better one that can be had (`auto`).
        masked: glob patterns of secrets that the sandbox never sees, besides the built-in list.
        markers: names, or globs, of what lies at the top of a project; the nearest folder that has one is shown.
        root: no project lies above this folder; None where there is no server with a root folder.
    """

    mode: WorkspaceMode = "sync"
    max_copy_bytes: int = 1024**3
    max_copy_files: int = 20_000
    max_sync_bytes: int = 1024**3
    limit: Literal["auto", "volume", "watch"] = "auto"
    masked: tuple[str, ...] = ()
    markers: tuple[str, ...] = PROJECT_MARKERS
    root: Path | None = None


@dataclass(frozen=True)
class ReviewSettings:
    """What is kept so that turns can be undone, and what the agent must ask for in the notebook.

    Attributes:
        max_bytes: checkpoints of one notebook, contents of files included.
        max_age: seconds that a checkpoint is kept.
        notebook_mode: where the person did not pick one; max_notebook_mode: the freest that they may pick.
    """

    max_bytes: int = 256 * 1024**2
    max_age: float = 14 * 86400
    notebook_mode: NotebookMode = "ask_risky"
    max_notebook_mode: NotebookMode = "auto"


@dataclass(frozen=True)
class HostSettings:
    """One host.

    Attributes:
        data_dir: journal, locks and sandboxes' private files; made 0700.
        provider: a provider's name, or `auto` (docker, else local, else an error).
        allow_unsandboxed: lets `auto` end at `process`, and `process` be chosen at all.
        allow_key_unsandboxed: lets `process` run with a real credential.
        provider_settings: by provider name, keyword arguments of its class.
        idle_timeout: seconds without turn, background task or unacknowledged outbox until the sandbox goes.
        limits, environment: for every sandbox.
        python: `kernel` shows sandboxes the environment of the notebook's kernel, read-only; `image`: their own only.
        max_turns: tool-use turns in one turn; max_budget_usd: per notebook; None is no cap.
        max_subagents: subagents of one session at once; max_subagent_depth: 1 lets no subagent start another.
        signing_keys: the first signs, any verifies.
        save_state: how much of the session goes into the notebook.
        max_envelope_bytes: past it, old chunks are compacted.
    """

    data_dir: Path
    provider: str = "auto"
    allow_unsandboxed: bool = False
    allow_key_unsandboxed: bool = False
    provider_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    idle_timeout: float = 600.0
    limits: Limits = Limits()
    environment: Mapping[str, str] = field(default_factory=dict)
    stream: Literal["auto", "socket", "exec"] = "auto"
    python: Literal["kernel", "image"] = "kernel"
    workspace: WorkspaceSettings = WorkspaceSettings()
    gateway: GatewaySettings = GatewaySettings()
    network: NetworkSettings = NetworkSettings()
    services: tuple[ServiceSettings, ...] = ()
    mcp_servers: tuple[McpSettings, ...] = ()
    audit: AuditSettings = AuditSettings()
    review: ReviewSettings = ReviewSettings()
    model: str | None = None
    permission_mode: PermissionMode = "free"
    max_turns: int | None = 100
    max_budget_usd: float | None = None
    max_subagents: int = 4
    max_subagent_depth: int = 1
    signing_keys: tuple[SigningKey, ...] = ()
    save_state: SaveState = "full"
    max_envelope_bytes: int = 2 * 1024 * 1024
