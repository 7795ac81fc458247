"""Every tool that there is. Each topic's module declares its own, beside the functions that serve them."""

from __future__ import annotations

from jupyter_agent_host.host.tools.cell_edits import EDITING_TOOLS
from jupyter_agent_host.host.tools.cell_reads import READING_TOOLS
from jupyter_agent_host.host.tools.cell_runs import CELL_RUNNING_TOOLS
from jupyter_agent_host.host.tools.interface import Tool
from jupyter_agent_host.host.tools.jobs import JOB_TOOLS
from jupyter_agent_host.host.tools.kernel_control import CONTROL_TOOLS
from jupyter_agent_host.host.tools.kernel_looks import LOOKING_TOOLS
from jupyter_agent_host.host.tools.kernel_runs import RUNNING_TOOLS

ALL_TOOLS: tuple[Tool, ...] = (
    *READING_TOOLS,
    *EDITING_TOOLS,
    *CELL_RUNNING_TOOLS,
    *LOOKING_TOOLS,
    *RUNNING_TOOLS,
    *JOB_TOOLS,
    *CONTROL_TOOLS,
)
"""In the order in which the model is told of them."""
