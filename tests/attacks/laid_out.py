"""A field laid out on this machine: the server with its limits, the model, the canaries, a home with credentials."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from canaries import canaries, container
from field import KEY, MODEL, SCRIPT, Field

from jupyter_agent_host.cli.shared.own_server import own_server
from jupyter_agent_host.image.build import default_tag
from jupyter_agent_host.scripted_model import running_scripted_model
from jupyter_agent_host.server.config.agent_host_traits import AgentHost

LIMITS = {"mem_limit": "900M", "pids_limit": 200, "cpu_limit": 1.0, "disk_limit": "300M", "max_sync_size": "32M"}
MEANS = {"max_requests_per_minute": 60, "allowed_hosts": ["*:*"]}


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
