"""How the notebook's folder reaches a sandbox, and how the agent's changes come back.

Owns what is shown (`copy_in`), what is copied out (`copy_out`), what waits for a grant (`guards`), the kinds of
workspace (`modes`), and safe access to files on both sides (`files`). Called by `host.sandboxes`, `host.agents`
and `host.review`. Entered by `notebook_workspace.workspace_for`; the contract is in `workspace_interface`.
"""

from jupyter_agent_host.host.workspace.managed_workspace import plan_workspace
from jupyter_agent_host.host.workspace.workspace_interface import Collected, Refused, Workspace, WorkspaceRequest

__all__ = ["Collected", "Refused", "Workspace", "WorkspaceRequest", "plan_workspace"]
