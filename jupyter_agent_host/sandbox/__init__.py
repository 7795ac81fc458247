"""What a sandbox is to the host: requests and results, the two protocols of a provider, and providers by name.

What this package exports is public: all that a provider imports of ours, besides `errors`; `docs/provider-author.md`
shows it. `provider.py` is where one enters. The host calls providers through `provider_registry.py`; nothing here knows
a container, a pod or a process.
"""

from jupyter_agent_host.protocol.runner_start import RunnerStart, encode_start
from jupyter_agent_host.sandbox.provider import Provider, Sandbox
from jupyter_agent_host.sandbox.runner_health import fetch_health, wait_healthy
from jupyter_agent_host.sandbox.spec import (
    HOME,
    LABEL_CLI,
    LABEL_HOST,
    LABEL_NOTEBOOK,
    LABEL_PROTOCOL,
    LABEL_RUNNER,
    LABEL_SDK,
    LABEL_SESSION,
    WORKSPACE,
    BindWorkspace,
    ExitState,
    Isolation,
    Limits,
    OverlayWorkspace,
    ProviderReport,
    SandboxSpec,
    SandboxStats,
    ScratchWorkspace,
)
from jupyter_agent_host.sandbox.unix_stream import check_socket_path, connect_unix

__all__ = [
    "HOME",
    "LABEL_CLI",
    "LABEL_HOST",
    "LABEL_NOTEBOOK",
    "LABEL_PROTOCOL",
    "LABEL_RUNNER",
    "LABEL_SDK",
    "LABEL_SESSION",
    "WORKSPACE",
    "BindWorkspace",
    "ExitState",
    "Isolation",
    "Limits",
    "OverlayWorkspace",
    "Provider",
    "ProviderReport",
    "RunnerStart",
    "Sandbox",
    "SandboxSpec",
    "SandboxStats",
    "ScratchWorkspace",
    "check_socket_path",
    "connect_unix",
    "encode_start",
    "fetch_health",
    "wait_healthy",
]
