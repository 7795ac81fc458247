"""What every agent of one host shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from anyio.abc import TaskGroup

from jupyter_agent_host.host.disk_quota import Layers
from jupyter_agent_host.host.gateway import Gateway
from jupyter_agent_host.host.network import NetworkServices
from jupyter_agent_host.host.notebook.notebook_access import NoNotebooks, NotebookAccess
from jupyter_agent_host.host.sandboxes.provider_choice import ProviderChoice
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.host.tools.toolbox import Toolbox
from jupyter_agent_host.store.journal.journal import Journal


@dataclass(frozen=True)
class Services:
    """Shared parts of one host.

    Attributes:
        owner: this host's name in leases and sandbox labels.
        choose: which provider makes sandboxes here, asked for each sandbox.
        distrust: says that making a sandbox failed, so that the choice is thought over.
        tasks: lives as long as the host.
        layers: where notebooks' private layers lie, and what they may hold.
        toolbox: the tools that agents are offered.
        notebooks: finds the cells and kernels of notebooks.
    """

    settings: HostSettings
    owner: str
    host_id: str
    journal: Journal
    gateway: Gateway
    network: NetworkServices
    choose: Callable[[], Awaitable[ProviderChoice]]
    distrust: Callable[[], None]
    tasks: TaskGroup
    layers: Layers
    toolbox: Toolbox
    notebooks: NotebookAccess = field(default_factory=NoNotebooks)
