"""The contract for sandboxes that are children of the host, with a close look at what they leave."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from child_leftovers import marked_processes, orphaned_groups

from jupyter_agent_host.providers.common.child_sandbox import ChildSandbox
from jupyter_agent_host.sandbox.provider import Provider, Sandbox
from jupyter_agent_host.sandbox.spec import SandboxSpec
from jupyter_agent_host.testing.provider_contract import ProviderContract


class ChildContract(ProviderContract):
    survives_host = False

    @pytest.fixture(autouse=True)
    def run_dir(self) -> Iterator[str]:
        """The provider makes its folders here, where nothing else of this machine is."""
        with tempfile.TemporaryDirectory(prefix="jt-") as folder:
            self.folder = Path(folder)
            yield folder

    async def leftovers(self, provider: Provider, spec: SandboxSpec) -> list[str]:
        processes = [f"process {pid}" for pid in marked_processes(spec.environment["CONTRACT_ID"])]
        folders = [str(path) for path in self.folder.iterdir()]
        return [*await super().leftovers(provider, spec), *processes, *folders, *orphaned_groups()]

    async def kill(self, sandbox: Sandbox) -> None:
        assert isinstance(sandbox, ChildSandbox)
        os.kill(sandbox.pid, signal.SIGKILL)

    async def test_closing_the_provider_ends_what_is_left(self, provider: Provider, spec: SandboxSpec) -> None:
        sandbox = await provider.create(spec)
        await provider.aclose()
        assert await self.leftovers(provider, spec) == []
        assert await sandbox.exit_state() is not None
