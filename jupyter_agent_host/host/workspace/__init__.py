"""How the notebook's folder reaches a sandbox, and how the agent's changes come back."""

from jupyter_agent_host.host.workspace.interface import Collected, Refused, Workspace, WorkspaceRequest
from jupyter_agent_host.host.workspace.plan import plan_workspace

__all__ = ["Collected", "Refused", "Workspace", "WorkspaceRequest", "plan_workspace"]
