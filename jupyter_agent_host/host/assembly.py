"""Put one host together from its settings, and take it down in order."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import anyio.to_thread

from jupyter_agent_host.host.agents.shared_services import Services
from jupyter_agent_host.host.api.manager import Manager
from jupyter_agent_host.host.api.recovery import recover
from jupyter_agent_host.host.audit import AuditLog, RotatingFile
from jupyter_agent_host.host.disk_quota import Layers, limits_for
from jupyter_agent_host.host.gateway import Gateway
from jupyter_agent_host.host.gateway.egress import Outside
from jupyter_agent_host.host.network import NetworkPolicy, NetworkServices
from jupyter_agent_host.host.notebook.notebook_access import NoNotebooks, NotebookAccess
from jupyter_agent_host.host.permissions.tool_permissions import ToolPermissions
from jupyter_agent_host.host.review.cell_edit_recorder import CellRecorder
from jupyter_agent_host.host.sandboxes.loaded_providers import LoadedProviders
from jupyter_agent_host.host.settings import HostSettings, ServiceSettings
from jupyter_agent_host.host.tools.catalogue import ALL_TOOLS
from jupyter_agent_host.host.tools.toolbox import Toolbox
from jupyter_agent_host.host.workspace.notebook_workspace import workspaces_dir
from jupyter_agent_host.store.host_lock import HostLock, data_folder_id
from jupyter_agent_host.store.journal.journal import Journal

logger = logging.getLogger(__name__)

JOURNAL = "journal.sqlite"
AUDIT = "audit/audit.jsonl"
_CLOSE_SECONDS = 20


@asynccontextmanager
async def open_host(
    settings: HostSettings, *, notebooks: NotebookAccess | None = None, outside: Outside | None = None
) -> AsyncIterator[Manager]:
    """Run one host until the block ends; then every turn is interrupted, every sandbox ended, every lease given back.

    Args:
        settings: everything that can be set.
        notebooks: how to reach notebooks' cells and kernels; None where there is no document server.
        outside: stands in for the real network, in tests.

    Raises:
        StoreError: the data folder cannot be used.
        ConfigError: the settings contradict each other.
    """
    policy = NetworkPolicy(settings.network)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        lock = stack.enter_context(HostLock(settings.data_dir))
        journal = await stack.enter_async_context(await Journal.open(settings.data_dir / JOURNAL))
        gateway = await stack.enter_async_context(
            Gateway(settings.gateway, outside=outside, services=services_of(settings))
        )
        providers = LoadedProviders(settings)
        stack.push_async_callback(providers.aclose)
        audit = AuditLog(_audit_file(settings), settings.audit)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(audit.run)
            services = Services(
                settings=settings,
                owner=lock.owner,
                host_id=data_folder_id(settings.data_dir),
                journal=journal,
                gateway=gateway,
                network=NetworkServices(settings.network, policy, journal, audit, settings.mcp_servers),
                choose=providers.choose,
                distrust=providers.distrust,
                tasks=tasks,
                layers=layers_of(settings),
                toolbox=_toolbox(journal, settings, notebooks),
                notebooks=notebooks or NoNotebooks(),
            )
            manager = Manager(services)
            await recover(manager, providers.named)
            await anyio.to_thread.run_sync(services.layers.sweep, workspaces_dir(settings.data_dir))
            tasks.start_soon(providers.look)
            try:
                yield manager
            finally:
                with anyio.move_on_after(_CLOSE_SECONDS, shield=True) as scope:
                    await manager.aclose()
                if scope.cancelled_caught:
                    logger.warning("not every sandbox ended in time; the next start takes care of them")
                tasks.cancel_scope.cancel()


def _toolbox(journal: Journal, settings: HostSettings, notebooks: NotebookAccess | None) -> Toolbox:
    """The tools that agents are offered; none where no notebook can be reached."""
    tools = ALL_TOOLS if notebooks is not None and notebooks.available else ()
    return Toolbox(tools, ToolPermissions(journal, settings.review), (CellRecorder(),))


def layers_of(settings: HostSettings) -> Layers:
    """The layers of this data folder's notebooks."""
    return Layers(settings.data_dir, limits_for(settings.limits.disk_bytes), settings.workspace.limit)


def _audit_file(settings: HostSettings) -> RotatingFile:
    audit = settings.audit
    return RotatingFile(settings.data_dir / AUDIT, max_bytes=audit.max_bytes, backups=audit.backups)


def services_of(settings: HostSettings) -> tuple[ServiceSettings, ...]:
    """Every place that the gateway signs in to, MCP servers included."""
    return (*settings.services, *(server.service for server in settings.mcp_servers if server.service is not None))
