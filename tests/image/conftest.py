"""Is there an engine and an image to look at?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from docker import APIClient

from jupyter_agent_host.container_engine.engine import open_engine
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.providers.docker.docker_settings import DockerSettings
from jupyter_agent_host.providers.docker.image_check import require_image


@pytest.fixture
def image_engine() -> Iterator[APIClient]:
    """The engine's client; the test is skipped where there is none, or no sandbox image."""
    try:
        engine = open_engine()
    except AgentHostError as err:
        pytest.skip(str(err))
    try:
        require_image(engine.client, DockerSettings())
    except AgentHostError as err:
        pytest.skip(str(err))
    else:
        yield engine.client
    finally:
        engine.client.close()
