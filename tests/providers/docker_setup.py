"""What the tests of the docker provider share: is there an engine, which image, what was left behind."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from docker import APIClient
from docker.errors import APIError

from jupyter_agent_host.container_engine.engine import open_engine
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.image.build import default_tag
from jupyter_agent_host.providers.docker.docker_sandbox import DockerSandbox
from jupyter_agent_host.providers.docker.docker_settings import DockerSettings
from jupyter_agent_host.providers.docker.image_check import require_image
from jupyter_agent_host.providers.docker.provider import DockerProvider
from jupyter_agent_host.sandbox.spec import LABEL_HOST, SandboxSpec

IMAGE = os.environ.get("AGENT_HOST_TEST_IMAGE") or default_tag()
TOKEN = "a-token-of-at-least-thirty-two-characters"


@cache
def missing_reason() -> str:
    """Why docker tests cannot run here; "" if they can."""
    try:
        engine = open_engine()
    except AgentHostError as err:
        return str(err)
    try:
        require_image(engine.client, DockerSettings(image=IMAGE))
    except AgentHostError as err:
        return str(err)
    finally:
        engine.client.close()
    return ""


@cache
def gvisor_reason() -> str:
    """Why nothing runs in gVisor here; "" if it does. Tried with one short container."""
    if missing_reason():
        return missing_reason()
    engine = open_engine()
    try:
        if "runsc" not in engine.runtimes:
            return "gVisor: the engine knows no runtime runsc (Debian's package runsc, and dockerd --add-runtime)"
        made = engine.client.create_container(
            IMAGE,
            entrypoint=["true"],
            host_config=engine.client.create_host_config(runtime="runsc", network_mode="none"),
        )
        try:
            engine.client.start(made)
            engine.client.wait(made, timeout=60)
        except APIError as err:
            return f"gVisor: runsc does not run here: {err.explanation}"
        finally:
            engine.client.remove_container(made, force=True)
    finally:
        engine.client.close()
    return ""


@pytest.fixture
def engine_client() -> Iterator[APIClient]:
    if missing_reason():
        pytest.skip(missing_reason())
    engine = open_engine()
    yield engine.client
    engine.client.close()


@pytest.fixture
async def provider(engine_client: APIClient) -> AsyncIterator[DockerProvider]:
    made = DockerProvider(image=IMAGE)
    yield made
    await made.aclose()


@pytest.fixture
def spec() -> SandboxSpec:
    """A spec whose host id is this test's own, so that leftovers can be told apart."""
    return SandboxSpec(host_id=f"test-{secrets.token_hex(6)}", notebook_id="nb", session_id="sess", token=TOKEN)


@asynccontextmanager
async def sandbox_of(provider: DockerProvider, spec: SandboxSpec, **changes: Any) -> AsyncIterator[DockerSandbox]:
    """A sandbox for the block; destroyed after it."""
    sandbox = await provider.create(replace(spec, **changes))
    assert isinstance(sandbox, DockerSandbox)
    try:
        yield sandbox
    finally:
        await sandbox.destroy()


def run_inside(client: APIClient, container: str, *command: str, user: str = "") -> tuple[int, str]:
    """Exit code and output of a command, run as the agent would unless `user` says otherwise."""
    made = client.exec_create(container, list(command), user=user)
    output = bytes(client.exec_start(made["Id"])).decode(errors="replace")
    return int(client.exec_inspect(made["Id"])["ExitCode"]), output


def leftovers(client: APIClient, host_id: str) -> list[str]:
    """Containers and volumes of a host id."""
    chosen = {"label": f"{LABEL_HOST}={host_id}"}
    containers = [entry["Id"] for entry in client.containers(all=True, filters=chosen)]
    volumes = [entry["Name"] for entry in client.volumes(filters=chosen)["Volumes"] or ()]
    return containers + volumes
