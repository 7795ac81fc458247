"""What every test needs: the event loop, what this machine can make, the choice of the short or the full suite."""

from __future__ import annotations

import anyio
import pytest

from jupyter_agent_host.host.choose import survey
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.sandbox.spec import ProviderReport


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ProviderReport]:
    """What this machine can make, by provider."""
    settings = HostSettings(data_dir=tmp_path_factory.mktemp("survey"))

    async def look() -> dict[str, ProviderReport]:
        return {report.provider: report for report in await survey(settings)}

    return anyio.run(look)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="also run the long waits and the full matrix")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full"):
        return
    skip = pytest.mark.skip(reason="part of the long suite: run with --full")
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(skip)
