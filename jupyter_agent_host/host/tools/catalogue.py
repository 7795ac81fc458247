"""Every tool that there is. Each topic's module declares its own, beside the functions that serve them."""

from __future__ import annotations

from jupyter_agent_host.host.tools.edit_cells import EDITING_TOOLS
from jupyter_agent_host.host.tools.inspect_kernel import LOOKING_TOOLS
from jupyter_agent_host.host.tools.job_tools import JOB_TOOLS
from jupyter_agent_host.host.tools.kernel_control import CONTROL_TOOLS
from jupyter_agent_host.host.tools.read_cells import READING_TOOLS
from jupyter_agent_host.host.tools.run_cells import CELL_RUNNING_TOOLS
from jupyter_agent_host.host.tools.run_code import RUNNING_TOOLS
from jupyter_agent_host.host.tools.tool import Tool

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
