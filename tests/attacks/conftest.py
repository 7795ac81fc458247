"""One field for each kind of sandbox that this machine has, and the table at the end of the run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import report
from canaries import canaries, container
from field import KEY, MODEL, SCRIPT, Field

from jupyter_agent_host.cli.headless import own_server
from jupyter_agent_host.image.build import default_tag
from jupyter_agent_host.providers.docker import DockerProvider
from jupyter_agent_host.sandbox.spec import ProviderReport
from jupyter_agent_host.server.config import AgentHost
from jupyter_agent_host.testing.scripted_model import running_scripted_model

KINDS = ("docker", "local", pytest.param("runsc", marks=pytest.mark.full))

LIMITS = {"mem_limit": "900M", "pids_limit": 200, "cpu_limit": 1.0, "disk_limit": "300M", "max_sync_size": "32M"}
MEANS = {"max_requests_per_minute": 60, "allowed_hosts": ["*:*"]}


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


@contextmanager
def a_field(provider: str, place: Path, kind: str = "", **traits: Any) -> Iterator[Field]:
    """A server, its two notebooks with running agents, and all the canaries. `kind` stands in the table."""
    folders = {name: place / name for name in ("root", "data", "config", "jupyter", "runtime", "home", "temporary")}
    for name, folder in folders.items():
        folder.mkdir(mode=0o700 if name in ("jupyter", "runtime") else 0o755)  # as Jupyter itself makes them
    place.chmod(0o755)
    config = {
        "AgentHost": {
            "provider": provider,
            "data_dir": str(folders["data"]),
            "model": MODEL,
            **LIMITS,
            **{name: value for name, value in MEANS.items() if name in AgentHost.class_trait_names(config=True)},
            **traits,
        },
        "YDocExtension": {"disable_rtc": True},
    }
    image = os.environ.get("AGENT_HOST_TEST_IMAGE")
    if image and provider == "docker":
        config["AgentHost"]["image"] = image
    with (
        running_scripted_model(SCRIPT) as model,
        pytest.MonkeyPatch.context() as patch,
        canaries(folders["temporary"]) as given,
        container(image or default_tag()) as neighbouring,
    ):
        for name, folder in (("CONFIG", "config"), ("DATA", "jupyter"), ("RUNTIME", "runtime")):
            patch.setenv(f"JUPYTER_{name}_DIR", str(folders[folder]))
        patch.setenv("ANTHROPIC_API_KEY", KEY)
        patch.setenv("ANTHROPIC_BASE_URL", model.url)
        with own_server(folders["root"], config=config) as server, server.client() as http:
            http.timeout = 120
            field = Field(server, http, folders["root"], folders["data"], model, provider, kind or provider, given)
            given |= {
                **neighbouring,
                "model": MODEL,
                "homes": [str(_home(folders["home"]))],
                "environment": {"ANTHROPIC_API_KEY": KEY},
                "runtime": str(folders["runtime"]),
                "temporary": [str(folders["temporary"])],
            }
            (folders["temporary"] / "forgotten.txt").write_text(KEY)
            field.prepare()
            yield field


def _home(folder: Path) -> Path:
    """A home folder with credentials in it."""
    (folder / ".aws").mkdir()
    (folder / ".aws" / "credentials").write_text(f"key = {KEY}\n")
    return folder


@contextmanager
def a_process_with_the_key() -> Iterator[None]:
    """A careless program of the person's: the key is in its arguments, environment and memory."""
    code = "import sys, time; time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code, KEY], env={**os.environ, "KEY": KEY}) as process:
        time.sleep(0.1)
        try:
            yield
        finally:
            process.kill()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if report.ROWS:
        terminalreporter.section("attempts of the attack suite")
        for line in report.lines():
            terminalreporter.write_line(line)
        target = os.environ.get("AGENT_HOST_ATTACKS_REPORT")
        if target:
            Path(target).write_text(json.dumps(report.lines(), indent=1))
