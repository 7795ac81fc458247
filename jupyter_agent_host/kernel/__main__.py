"""`python -m jupyter_agent_host.kernel -f CONNECTION_FILE`, as the kernelspec starts it."""

from __future__ import annotations

from jupyter_agent_host.kernel.app import AgentKernelApp

if __name__ == "__main__":
    AgentKernelApp.launch_instance()
