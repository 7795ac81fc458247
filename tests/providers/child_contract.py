"""The contract for sandboxes that are children of the host, with a close look at what they leave."""

from __future__ import annotations

import os
import signal

import pytest
from child_leftovers import control_groups, marked_processes, run_folders

from jupyter_agent_host.providers.process_sandbox import ChildSandbox
from jupyter_agent_host.sandbox.provider import Provider, Sandbox
from jupyter_agent_host.sandbox.spec import SandboxSpec
from jupyter_agent_host.testing.provider_contract import ProviderContract


class ChildContract(ProviderContract):
    survives_host = False

    @pytest.fixture(autouse=True)
    def _earlier(self) -> None:
        self.earlier = run_folders() | control_groups()

    async def leftovers(self, provider: Provider, spec: SandboxSpec) -> list[str]:
        processes = [f"process {pid}" for pid in marked_processes(spec.environment["CONTRACT_ID"])]
        places = (run_folders() | control_groups()) - self.earlier
        return [*await super().leftovers(provider, spec), *processes, *sorted(places)]

    async def kill(self, sandbox: Sandbox) -> None:
        assert isinstance(sandbox, ChildSandbox)
        os.kill(sandbox.pid, signal.SIGKILL)
