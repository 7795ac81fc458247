"""ipykernel's application with another kernel in it."""

from __future__ import annotations

from pathlib import Path

from ipykernel.kernelapp import IPKernelApp

from jupyter_agent_host.kernel.agent_kernel import AgentKernel

HISTORY_FILE = "agent_history.sqlite"


class AgentKernelApp(IPKernelApp):
    """Starts an `AgentKernel`. Configured as ipykernel is; prompts have a history file of their own."""

    kernel_class = AgentKernel

    def init_profile_dir(self) -> None:
        """Keep prompts out of the history that IPython offers for Python."""
        super().init_profile_dir()  # type: ignore[no-untyped-call]
        if "hist_file" not in self.config.HistoryManager and self.profile_dir is not None:
            self.config.HistoryManager.hist_file = str(Path(self.profile_dir.location) / HISTORY_FILE)
