"""Every tool that there is. Each topic's module lists its own."""

from __future__ import annotations

from jupyter_agent_host.host.tools.cell_edits import editing_tools
from jupyter_agent_host.host.tools.cell_reads import reading_tools
from jupyter_agent_host.host.tools.cell_runs import cell_running_tools
from jupyter_agent_host.host.tools.interface import Tool
from jupyter_agent_host.host.tools.kernel_looks import looking_tools
from jupyter_agent_host.host.tools.kernel_runs import running_tools


def all_tools() -> tuple[Tool, ...]:
    """In the order in which the model is told of them."""
    return (*reading_tools(), *editing_tools(), *cell_running_tools(), *looking_tools(), *running_tools())
