"""The provider's contract in gVisor: the same container, with a kernel of its own between it and the machine's."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial

import pytest
from docker_setup import IMAGE, TOKEN, gvisor_reason, run_inside, sandbox_of
from test_docker_contract import DockerContract, OverExec

from jupyter_agent_host.container_engine.engine import open_engine
from jupyter_agent_host.providers.docker.provider import DockerProvider
from jupyter_agent_host.sandbox.provider import Provider
from jupyter_agent_host.sandbox.spec import SandboxSpec

pytestmark = [pytest.mark.docker, pytest.mark.anyio, pytest.mark.timeout(180)]


class TestDockerInGvisor(DockerContract):
    """Over relays: sockets that are made in gVisor are not the machine's. Two minutes, mostly of starting."""

    pytestmark = pytest.mark.full

    @pytest.fixture
    def make_provider(self) -> Callable[[], Provider]:
        if reason := gvisor_reason():
            pytest.skip(reason)
        return partial(OverExec, image=IMAGE, runtime="runsc")


async def test_it_is_gvisors_kernel_and_the_isolation_says_so() -> None:
    if reason := gvisor_reason():
        pytest.skip(reason)
    spec = SandboxSpec(host_id=f"test-{secrets.token_hex(6)}", notebook_id="nb", session_id="sess", token=TOKEN)
    provider = DockerProvider(image=IMAGE, runtime="runsc")
    engine = open_engine()
    try:
        async with sandbox_of(provider, spec) as sandbox:
            assert sandbox.stream_mode == "exec", "found out by itself that sockets do not come out"
            assert sandbox.isolation.phrase == "Docker with runsc, no network"
            code, said = run_inside(engine.client, sandbox.id, "dmesg")
            assert code == 0
            assert "Starting gVisor" in said
    finally:
        engine.client.close()
        await provider.aclose()
