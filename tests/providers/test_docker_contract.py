"""The contract that every provider keeps, over both kinds of stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from docker_setup import IMAGE, leftovers, missing_reason

from jupyter_agent_host.container_engine.engine import open_engine
from jupyter_agent_host.providers.docker.provider import DockerProvider
from jupyter_agent_host.sandbox.provider import Provider, Sandbox
from jupyter_agent_host.sandbox.spec import SandboxSpec
from jupyter_agent_host.testing.provider_contract import ProviderContract


class DockerContract(ProviderContract):
    pytestmark = pytest.mark.docker  # besides the contract's own
    kind: type[DockerProvider] = DockerProvider

    @pytest.fixture
    def make_provider(self) -> Callable[[], Provider]:
        if missing_reason():
            pytest.skip(missing_reason())
        return partial(self.kind, image=IMAGE)

    async def leftovers(self, provider: Provider, spec: SandboxSpec) -> list[str]:
        engine = open_engine()
        try:
            return leftovers(engine.client, spec.host_id)
        finally:
            engine.client.close()

    async def kill(self, sandbox: Sandbox) -> None:
        engine = open_engine()
        try:
            engine.client.kill(sandbox.id)
        finally:
            engine.client.close()


class OverSocket(DockerProvider):
    async def create(self, spec: SandboxSpec) -> Sandbox:
        return await super().create(replace(spec, stream="socket"))


class OverExec(DockerProvider):
    async def create(self, spec: SandboxSpec) -> Sandbox:
        return await super().create(replace(spec, stream="exec"))


class TestDockerOverSocket(DockerContract):
    kind = OverSocket


class TestDockerOverExec(DockerContract):
    kind = OverExec
