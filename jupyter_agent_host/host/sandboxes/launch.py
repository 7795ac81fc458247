"""Make one sandbox for one notebook: choose, prepare the workspace, create, remember."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio
import anyio.to_thread

from jupyter_agent_host.errors import AgentHostError, SandboxError
from jupyter_agent_host.host.disk_quota import Layers
from jupyter_agent_host.host.notebook.notebook_access import NotebookAccess
from jupyter_agent_host.host.sandboxes.control_channel import ChannelOwner
from jupyter_agent_host.host.sandboxes.kernel_python import kernel_environment, read_status
from jupyter_agent_host.host.sandboxes.provider_choice import ProviderChoice
from jupyter_agent_host.host.sandboxes.sandbox_connection import LiveSandbox
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.host.workspace import Workspace
from jupyter_agent_host.host.workspace.copy_in.sandbox_owner import Owner
from jupyter_agent_host.host.workspace.files.open_without_links import opened_root
from jupyter_agent_host.host.workspace.managed_workspace import ENVIRONMENT_DIR
from jupyter_agent_host.host.workspace.notebook_workspace import workspace_for
from jupyter_agent_host.protocol.events import Notice
from jupyter_agent_host.sandbox.provider import Sandbox
from jupyter_agent_host.sandbox.python import PythonEnvironment
from jupyter_agent_host.sandbox.spec import ProviderReport, SandboxSpec
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import NotebookRow, SandboxRow

_GIT_IDENTITY = {
    "GIT_AUTHOR_NAME": "Notebook agent",
    "GIT_AUTHOR_EMAIL": "agent@localhost",
    "GIT_COMMITTER_NAME": "Notebook agent",
    "GIT_COMMITTER_EMAIL": "agent@localhost",
    "USER": "agent",
    "LOGNAME": "agent",
}


class LaunchServices(Protocol):
    """What making a sandbox needs of the host; see `host.agents.shared_services.Services`."""

    @property
    def settings(self) -> HostSettings: ...

    @property
    def host_id(self) -> str: ...

    @property
    def notebooks(self) -> NotebookAccess: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def layers(self) -> Layers: ...

    @property
    def choose(self) -> Callable[[], Awaitable[ProviderChoice]]: ...

    @property
    def distrust(self) -> Callable[[], None]: ...


async def launch(
    row: NotebookRow, session_id: str, services: LaunchServices, owner: ChannelOwner
) -> tuple[LiveSandbox, list[Notice]]:
    """Start a sandbox; what a person should know about it comes with it.

    Raises:
        AgentHostError: no provider can work here, or the sandbox did not start. Nothing is left behind.
    """
    choice = await services.choose()
    workspace = await anyio.to_thread.run_sync(workspace_for, row, services.settings, services.layers, choice.report)
    mount = await workspace.prepare()
    python = await _python(row, services, choice.report, workspace)
    token = secrets.token_hex(32)
    settings = services.settings
    spec = SandboxSpec(
        host_id=services.host_id,
        notebook_id=row.notebook_id,
        session_id=session_id,
        token=token,
        workspace=mount,
        workdir=workspace.workdir,
        python=python,
        limits=settings.limits,
        user=choice.report.sandbox_user,
        environment={**_GIT_IDENTITY, **settings.environment},
        stream=settings.stream,
    )
    try:
        sandbox = await choice.provider.create(spec)
    except BaseException as err:
        if isinstance(err, SandboxError):
            services.distrust()
        with anyio.CancelScope(shield=True):
            await workspace.release()
        raise
    try:
        with anyio.CancelScope(shield=True):
            await _remember(sandbox, token, services.journal)
    except AgentHostError:
        await sandbox.destroy()  # nobody would find it again
        await workspace.release()
        raise
    found = notices(sandbox, workspace)
    if python is not None and python.executable:
        found += await anyio.to_thread.run_sync(_python_notices, python)
    return LiveSandbox(sandbox, token, workspace, owner), found


async def _python(
    row: NotebookRow, services: LaunchServices, report: ProviderReport, workspace: Workspace
) -> PythonEnvironment | None:
    """What the agent's Python is made of; None where no folders of this machine can be mounted, or nothing isolates."""
    isolated = report.isolation is not None and report.isolation.level != "none"
    if not (report.shared_filesystem and isolated):
        return None
    settings = services.settings
    executable = await services.notebooks.python(row.path) if settings.python == "kernel" else ""
    folder = workspace.private_dir / ENVIRONMENT_DIR

    def make() -> PythonEnvironment:
        if not folder.exists():
            with opened_root(folder.parent) as parent:
                Owner(report.file_owner).make_folder(folder.name, parent)
        return kernel_environment(executable, folder, settings.data_dir)

    return await anyio.to_thread.run_sync(make)


def _python_notices(environment: PythonEnvironment) -> list[Notice]:
    status = read_status(environment)
    if status.kind == "kernel" or not status.reason:
        return []
    what = (
        "The agent's Python has the kernel's packages, but is the sandbox's own"
        if status.kind == "packages"
        else "The agent's Python is the sandbox's own, without the kernel's packages"
    )
    return [Notice(level="info", code="python", text=f"{what}: {status.reason}.")]


async def _remember(sandbox: Sandbox, token: str, journal: Journal) -> None:
    """Note the sandbox, so that a host that starts after a crash finds it again."""
    await journal.put_sandbox(
        SandboxRow(
            sandbox_id=sandbox.id,
            provider=sandbox.provider,
            notebook_id=sandbox.notebook_id,
            session_id=sandbox.session_id,
            token=token,
            created=time.time(),
        )
    )


def notices(sandbox: Sandbox, workspace: Workspace) -> list[Notice]:
    """What is weaker or other than one would expect, one notice each."""
    found = []
    if sandbox.isolation.level == "none":
        text = "The agent is not isolated: it runs as you, on this machine."
        found.append(Notice(level="warning", code="not_isolated", text=text))
    if workspace.mode == "review":
        text = "Files that the agent writes wait until you accept them."
        found.append(Notice(level="info", code="workspace_review", text=text))
    if workspace.note:
        found.append(Notice(level="info", code="workspace", text=workspace.note))
    if workspace.masked:
        hidden = ", ".join(workspace.masked[:10]) + (" …" if len(workspace.masked) > 10 else "")  # noqa: PLR2004
        found.append(Notice(level="info", code="masked", text=f"Hidden from the agent: {hidden}"))
    return found
