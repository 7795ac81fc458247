"""How the notebook's folder reaches a sandbox, and how the agent's changes come back."""

from jupyter_agent_host.host.workspace.managed_workspace import plan_workspace
from jupyter_agent_host.host.workspace.workspace_interface import Collected, Refused, Workspace, WorkspaceRequest

__all__ = ["Collected", "Refused", "Workspace", "WorkspaceRequest", "plan_workspace"]
