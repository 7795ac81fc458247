"""An engine behind TCP: no folder and no socket is shared, all streams go through the engine."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from docker import APIClient
from docker_setup import IMAGE, TOKEN, engine_client, leftovers, sandbox_of, spec

from jupyter_agent_host.container_engine.engine import open_engine
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.providers.docker.provider import DockerProvider
from jupyter_agent_host.sandbox.runner_health import fetch_health
from jupyter_agent_host.sandbox.spec import SandboxSpec

__all__ = ["engine_client", "spec"]

pytestmark = [pytest.mark.anyio, pytest.mark.docker]


async def copy(source: anyio.abc.ByteStream, target: anyio.abc.ByteStream) -> None:
    try:
        async for data in source:
            await target.send(data)
        await target.send_eof()
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


@pytest.fixture
async def tcp_engine(engine_client: APIClient, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The local engine on a loopback port."""
    engine = open_engine()
    path = engine.endpoint.url.partition("://")[2]
    engine.client.close()

    async def serve(client: SocketStream) -> None:
        async with client, await anyio.connect_unix(path) as upstream, anyio.create_task_group() as tasks:
            tasks.start_soon(copy, client, upstream)
            await copy(upstream, client)
            tasks.cancel_scope.cancel()

    multi = await anyio.create_tcp_listener(local_host="127.0.0.1", family=socket.AF_INET)
    async with multi, anyio.create_task_group() as tasks:
        tasks.start_soon(multi.serve, serve)
        port = multi.extra(SocketAttribute.local_port)  # noqa: S610 - no Django
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
        yield f"tcp://127.0.0.1:{port}"
        tasks.cancel_scope.cancel()


async def test_everything_goes_through_the_engine(tcp_engine: str, spec: SandboxSpec, engine_client: APIClient) -> None:
    provider = DockerProvider(image=IMAGE)
    report = await provider.probe()
    assert report.available
    assert tcp_engine in report.reason
    assert (report.shared_filesystem, report.file_owner, report.overlay) == (False, None, False)
    async with sandbox_of(provider, spec) as sandbox:
        assert sandbox.stream_mode == "exec"
        for _ in range(3):
            assert (await fetch_health(await sandbox.connect(), TOKEN)).protocol == PROTOCOL_VERSION
        [found] = await provider.reattach(spec.host_id)
        assert (await fetch_health(await found.connect(), TOKEN)).protocol == PROTOCOL_VERSION
    await provider.aclose()
    assert leftovers(engine_client, spec.host_id) == []
