"""One field for each kind of sandbox that this machine has, and the table at the end of the run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import report
from field import Field
from laid_out import a_field

from jupyter_agent_host.providers.docker.provider import DockerProvider
from jupyter_agent_host.sandbox.spec import ProviderReport

KINDS = ("docker", "local", pytest.param("runsc", marks=pytest.mark.full))


@pytest.fixture(scope="module", params=KINDS)
def attacked(
    request: pytest.FixtureRequest, reports: dict[str, ProviderReport], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Field]:
    """A field whose sandboxes are of this kind."""
    kind = str(request.param)
    if kind == "runsc":
        if reason := gvisor_reason():
            pytest.skip(reason)
        # Threads of gVisor's own count, too: where they hit the limit, it ends with all that is in it.
        with a_field("docker", tmp_path_factory.mktemp(kind), kind=kind, runtime="runsc", pids_limit=512) as made:
            yield made
        return
    if not reports[kind].available:
        pytest.skip(f"{kind}: {reports[kind].reason}")
    with a_field(kind, tmp_path_factory.mktemp(kind)) as made:
        yield made


def gvisor_reason() -> str:
    """Why nothing runs in gVisor here; "" if it does."""

    async def look() -> ProviderReport:
        provider = DockerProvider(runtime="runsc")
        try:
            return await provider.probe()
        finally:
            await provider.aclose()

    report = anyio.run(look)
    return "" if report.available else f"gVisor: {report.reason}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if report.ROWS:
        terminalreporter.section("attempts of the attack suite")
        for line in report.lines():
            terminalreporter.write_line(line)
        target = os.environ.get("AGENT_HOST_ATTACKS_REPORT")
        if target:
            Path(target).write_text(json.dumps(report.lines(), indent=1))
