"""What every test needs: the event loop, what this machine can make, the choice of the short or the full suite."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from jupyter_agent_host.host.sandboxes.provider_choice import survey
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


@pytest.fixture(scope="session", autouse=True)
def _nothing_stays_mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hosts that tests kill leave private layers mounted, for a next start that does not come."""
    yield
    base = str(tmp_path_factory.getbasetemp())
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        place = line.split()[4]
        if place.startswith(f"{base}/") and place.endswith("/limited/v"):
            subprocess.run(["umount", place], check=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="also run the long waits and the full matrix")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full"):
        return
    skip = pytest.mark.skip(reason="part of the long suite: run with --full")
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(skip)
