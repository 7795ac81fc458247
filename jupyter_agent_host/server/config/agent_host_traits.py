"""Everything that an administrator or a person can set, as traits, turned once into frozen settings.

`jupyter_server_config.py` or `jupyter_agent_host_config.py` sets them as `c.AgentHost.<name> = ...`; names are those of
DockerSpawner and jupyter_server where these have one.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Literal, cast

from jupyter_core.paths import jupyter_data_dir
from traitlets import Bool, Dict, Enum, Float, Int, List, TraitError, Unicode, default, validate

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.settings import (
    PROJECT_MARKERS,
    GatewaySettings,
    HostSettings,
    ReviewSettings,
    SaveState,
    WorkspaceMode,
    WorkspaceSettings,
)
from jupyter_agent_host.protocol.control import PermissionMode
from jupyter_agent_host.protocol.review_api import NOTEBOOK_MODES
from jupyter_agent_host.sandbox.spec import Limits
from jupyter_agent_host.server.config.byte_size_trait import ByteSize
from jupyter_agent_host.server.config.model_upstream import (
    CREDENTIAL_VARIABLES,
    ModelUpstream,
    check_url,
    hide_credentials,
    read_upstream,
)
from jupyter_agent_host.server.config.network_traits import NetworkTraits
from jupyter_agent_host.store.envelope.signatures import SigningKey

_FORBIDDEN_ENVIRONMENT = {*CREDENTIAL_VARIABLES, "ANTHROPIC_BASE_URL"}


class AgentHost(NetworkTraits):
    """Notebooks' agents: where they run, what they may use, and what is kept of them."""

    provider = Unicode(
        "auto",
        help="Kind of sandbox: docker, local (bubblewrap), another installed provider, or auto: docker if an engine "
        "answers and has the image, else local, else an error that says what to install.",
    ).tag(config=True)
    allow_unsandboxed = Bool(
        False,
        help="Let an agent run as a plain process, without any isolation, where nothing else works. Only for machines "
        "that are themselves a sandbox, such as Binder's containers.",
    ).tag(config=True)
    allow_key_unsandboxed = Bool(
        False, help="Let a plain process run although a real model credential is set. The agent could read it."
    ).tag(config=True)
    provider_settings = Dict(
        help="More settings of providers: a provider's name to a dictionary of its own settings."
    ).tag(config=True)

    image = Unicode(
        None,
        allow_none=True,
        help="Image of the docker provider's sandboxes; made by `jupyter agent-host image build`.",
    ).tag(config=True)
    runtime = Unicode(
        None,
        allow_none=True,
        help="OCI runtime of the docker provider, such as runsc (gVisor). Unset: the engine's own.",
    ).tag(config=True)
    network_name = Unicode(
        "none", help="Network of docker sandboxes. Only `none` is accepted: the gateway is the only way out."
    ).tag(config=True)
    stream = Enum(
        ("auto", "socket", "exec"),
        "auto",
        help="How the server reaches a sandbox: a unix socket in a shared folder, a relay run inside, or auto.",
    ).tag(config=True)
    mem_limit = ByteSize("1G", help='Memory of one sandbox, swap included, such as "1G".').tag(config=True)
    cpu_limit = Float(1.0, help="CPU cores of one sandbox.").tag(config=True)
    disk_limit = ByteSize(
        "5G",
        help="Disk of one sandbox: its private copy or layer of the folder, and each volume that the engine can limit.",
    ).tag(config=True)
    pids_limit = Int(512, help="Processes and threads of one sandbox.").tag(config=True)
    environment = Dict(
        help="More environment variables inside sandboxes. Nothing is inherited from the server; hold no secrets here."
    ).tag(config=True)
    idle_timeout = Float(
        600.0, help="Seconds without a turn or background task until a sandbox is stopped. The session lives on."
    ).tag(config=True)

    python = Enum(
        ("kernel", "image"),
        "kernel",
        help="What `python` is inside a sandbox. kernel: the environment of the notebook's kernel, shown read-only, so "
        "that what the kernel imports can be imported, where that can be had; image: the sandbox's own. Either way the "
        "agent installs into an environment of its own, which is kept with the notebook.",
    ).tag(config=True)
    workspace = Enum(
        ("sync", "review", "private", "bind"),
        "sync",
        help="How the notebook's folder reaches the sandbox. sync: read-only below, changes are copied out by the "
        "server; review: the same, but a file is copied out only when a person accepted it; private: not at all; "
        "bind: the folder itself, read-write (an agent could then plant files that run "
        "later as you).",
    ).tag(config=True)
    max_copy_size = ByteSize("1G", help="A folder above this that would have to be copied is not shown.").tag(
        config=True
    )
    max_copy_files = Int(20_000, help="The same, in files.").tag(config=True)
    workspace_limit = Enum(
        ("auto", "volume", "watch"),
        "auto",
        help="What keeps an agent's private copy or layer within disk_limit. volume: a file system of its own, which "
        "needs root and loop devices; watch: the server looks and stops the sandbox; auto: volume where it can be had.",
    ).tag(config=True)
    max_sync_size = ByteSize("1G", help="The most that one turn may write into the notebook's folder.").tag(config=True)
    project_markers = List(
        Unicode(),
        default_value=list(PROJECT_MARKERS),
        help="Names, or globs, of what lies at the top of a project. The agent sees the nearest folder at or above the "
        "notebook that has one (never one above the server's root folder, never the home folder), else the notebook's "
        "own folder. An empty list: always the notebook's own folder.",
    ).tag(config=True)
    masked_files = List(
        Unicode(), help="Glob patterns of files that sandboxes never see, besides the built-in list of secrets."
    ).tag(config=True)

    upstream_url = Unicode(
        None, allow_none=True, help="Base URL of the model API. Unset: ANTHROPIC_BASE_URL, else the public API."
    ).tag(config=True)
    hide_key_from_kernels = Bool(
        True,
        help="Take ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN out of the server's environment at start, so that no "
        "kernel and no terminal inherits them.",
    ).tag(config=True)
    scripted_model = Unicode(
        "",
        help="Path of a script that plays the model when no credential is set: demos and tests without a key. "
        "Everything that shows its words says so.",
    ).tag(config=True)
    allowed_models = List(
        Unicode(), default_value=["claude-*"], help="Glob patterns of the models that may be used."
    ).tag(config=True)
    allowed_features = List(
        Enum(("mcp_servers", "container", "server_tools", "url_sources", "file_sources")),
        help="Features of the model API that are refused by default, since each is a way out of the sandbox. "
        "server_tools gives agents the tool WebSearch, too.",
    ).tag(config=True)
    max_requests_in_flight = Int(8, help="Model requests at once, per notebook.").tag(config=True)
    max_requests_per_minute = Int(120, help="Model requests in a minute, per notebook.").tag(config=True)
    max_request_size = ByteSize("32M", help="Largest body of one model request.").tag(config=True)
    prices = Dict(
        help="US dollars per million tokens by model glob: (input, output, cache read, cache write). Overrides the "
        "built-in table."
    ).tag(config=True)

    model = Unicode(None, allow_none=True, help="Model of new sessions. Unset: the SDK's default.").tag(config=True)
    permission_mode = Enum(
        ("free", "default", "acceptEdits", "plan", "dontAsk"),
        "free",
        help="What the agent must ask for inside its sandbox. free: nothing; the others are the SDK's own modes.",
    ).tag(config=True)
    notebook_mode = Enum(
        NOTEBOOK_MODES,
        "ask_risky",
        help="What the agent must ask for before it edits cells or runs code, where the person picked nothing. ask: "
        "always; ask_risky: for what the rules find risky; auto: nothing.",
    ).tag(config=True)
    max_notebook_mode = Enum(
        NOTEBOOK_MODES, "auto", help="The freest of these modes that a person may pick; it also caps notebook_mode."
    ).tag(config=True)
    max_checkpoint_size = ByteSize(
        "256M", help="What is kept of one notebook so that turns can be undone; past it the oldest turns cannot be."
    ).tag(config=True)
    max_checkpoint_age = Float(14 * 86400.0, help="Seconds until a turn cannot be undone any more.").tag(config=True)
    max_turns = Int(100, allow_none=True, help="Tool-use rounds in one turn; None: no limit.").tag(config=True)
    max_budget_usd = Float(
        None, allow_none=True, help="What one notebook's agent may cost in all, in US dollars; None: no limit."
    ).tag(config=True)

    max_subagents = Int(4, help="Subagents of one agent that may run at once.").tag(config=True)
    max_subagent_depth = Int(1, help="How deep subagents may start others; 1: they may not.").tag(config=True)

    data_dir = Unicode(help="Folder of the journal, locks and sandboxes' private files.").tag(config=True)
    secret_file = Unicode(
        "",
        help="File with a secret that several servers share, so that they trust each other's notebooks. Unset: this "
        "server's own notebook secret alone.",
    ).tag(config=True)
    save_state = Enum(
        ("full", "no_tool_output", "pointer", "off"),
        "full",
        help="How much of the session a notebook holds. Transcripts hold tool output in clear. pointer: only the "
        "session's name; off: nothing.",
    ).tag(config=True)
    max_envelope_size = ByteSize("2M", help="Past this size, old parts of a notebook's session are compacted.").tag(
        config=True
    )

    _upstream: ModelUpstream | None = None

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return str(Path(jupyter_data_dir()) / "agent_host")

    @validate("network_name")
    def _check_network(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] != "none":
            raise TraitError("AgentHost.network_name accepts only 'none': the gateway is a sandbox's only way out.")
        return str(proposal["value"])

    @validate(
        "idle_timeout",
        "max_checkpoint_age",
        "cpu_limit",
        "pids_limit",
        "max_turns",
        "max_budget_usd",
        "max_subagents",
        "max_subagent_depth",
        "max_copy_files",
        "max_requests_in_flight",
        "max_requests_per_minute",
    )
    def _check_positive(self, proposal: dict[str, Any]) -> Any:
        value = proposal["value"]
        if value is not None and not value > 0:
            raise TraitError(f"AgentHost.{proposal['trait'].name} must be above zero, not {value!r}.")
        return value

    @validate("environment")
    def _check_environment(self, proposal: dict[str, Any]) -> dict[str, str]:
        environment = proposal["value"]
        for name, value in environment.items():
            if name in _FORBIDDEN_ENVIRONMENT:
                raise TraitError(
                    f"AgentHost.environment must not hold {name}: sandboxes never see the upstream. Set it in the "
                    "environment of the Jupyter server."
                )
            if not isinstance(name, str) or not isinstance(value, str):
                raise TraitError(f"AgentHost.environment: {name!r} must be text that names text.")
        return dict(environment)

    @validate("prices")
    def _check_prices(self, proposal: dict[str, Any]) -> dict[str, tuple[float, ...]]:
        checked: dict[str, tuple[float, ...]] = {}
        for model, price in proposal["value"].items():
            figures = tuple(float(figure) for figure in price) if isinstance(price, (list, tuple)) else ()
            if len(figures) != 4 or min(figures) < 0:  # noqa: PLR2004 - input, output, cache read, cache write
                raise TraitError(f"AgentHost.prices[{model!r}] must be four figures, not {price!r}.")
            checked[model] = figures
        return checked

    def take_upstream(self, environ: MutableMapping[str, str] | None = None) -> ModelUpstream:
        """Address and credential of the model; read once, then hidden from children if `hide_key_from_kernels`.

        Raises:
            ConfigError: the address cannot be used.
        """
        environ = os.environ if environ is None else environ
        if self._upstream is None:
            try:
                upstream = read_upstream(environ)
                if self.upstream_url:
                    upstream = ModelUpstream(check_url(self.upstream_url), upstream.credential)
            finally:
                if self.hide_key_from_kernels:
                    hide_credentials(environ)
            self._upstream = upstream
        return self._upstream

    def to_settings(self, signing_keys: tuple[SigningKey, ...] = (), root: Path | None = None) -> HostSettings:
        """All of it, frozen. The gateway's part is that of the real upstream; `hosting` puts a scripted model there.

        `root` is the server's root folder, where there is one.

        Raises:
            ConfigError: settings contradict each other.
        """
        if self.provider == "process" and not self.allow_unsandboxed:
            raise ConfigError("AgentHost.provider = 'process' isolates nothing; it needs AgentHost.allow_unsandboxed.")
        services, servers = self.take_places(hidden=self.hide_key_from_kernels)
        return HostSettings(
            data_dir=Path(self.data_dir).expanduser(),
            provider=self.provider,
            allow_unsandboxed=self.allow_unsandboxed,
            allow_key_unsandboxed=self.allow_key_unsandboxed,
            provider_settings=self._provider_settings(),
            idle_timeout=self.idle_timeout,
            limits=Limits(self.mem_limit, self.cpu_limit, self.disk_limit, self.pids_limit),
            environment=dict(self.environment),
            stream=cast(Literal["auto", "socket", "exec"], self.stream),
            python=cast(Literal["kernel", "image"], self.python),
            workspace=WorkspaceSettings(
                mode=cast(WorkspaceMode, self.workspace),
                max_copy_bytes=self.max_copy_size,
                max_copy_files=self.max_copy_files,
                max_sync_bytes=self.max_sync_size,
                limit=cast(Literal["auto", "volume", "watch"], self.workspace_limit),
                masked=tuple(self.masked_files),
                markers=tuple(self.project_markers),
                root=root,
            ),
            gateway=self._gateway_settings(),
            network=self.network_settings(),
            audit=self.audit_settings(),
            services=services,
            mcp_servers=servers,
            review=ReviewSettings(
                max_bytes=self.max_checkpoint_size,
                max_age=self.max_checkpoint_age,
                notebook_mode=self.notebook_mode,
                max_notebook_mode=self.max_notebook_mode,
            ),
            model=self.model,
            permission_mode=cast(PermissionMode, self.permission_mode),
            max_turns=self.max_turns,
            max_budget_usd=self.max_budget_usd,
            max_subagents=self.max_subagents,
            max_subagent_depth=self.max_subagent_depth,
            signing_keys=signing_keys,
            save_state=cast(SaveState, self.save_state),
            max_envelope_bytes=self.max_envelope_size,
        )

    def _gateway_settings(self) -> GatewaySettings:
        upstream = self.take_upstream()
        return GatewaySettings(
            base_url=upstream.base_url,
            credential=upstream.credential,
            allowed_models=tuple(self.allowed_models),
            allowed_features=tuple(self.allowed_features),
            max_in_flight=self.max_requests_in_flight,
            max_requests_per_minute=self.max_requests_per_minute,
            max_body_bytes=self.max_request_size,
            prices=dict(self.prices),
            company=self._company,
            headers=self._headers,
        )

    def _provider_settings(self) -> dict[str, dict[str, Any]]:
        settings = {name: dict(values) for name, values in self.provider_settings.items()}
        docker = {"image": self.image, "runtime": self.runtime}
        settings["docker"] = {
            **{name: value for name, value in docker.items() if value is not None},
            **settings.get("docker", {}),
        }
        return settings
