"""What the product costs beside a bare SDK script doing the same work, in one run. Prints medians and ratios.

Usage: python tests/bench/run.py [--rounds 3] [--providers docker local]
Columns: `bare docker`, the SDK script in `docker run` with the same image and limits; `bare host`, the script on this
machine; then this product by provider. The model's words come from one scripted model for all.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import docker

from jupyter_agent_host.host.api.manager import Manager
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.assembly import open_host
from jupyter_agent_host.host.settings import Credential, GatewaySettings, HostSettings
from jupyter_agent_host.image.build import default_tag
from jupyter_agent_host.image.image_layout import RUNNER_PYTHON
from jupyter_agent_host.protocol.events import TextDelta, TurnEnded
from jupyter_agent_host.protocol.host_api import EventsRequest, NotebookInfo, PromptAccepted, PromptRequest, Simple
from jupyter_agent_host.scripted_model import running_scripted_model
from jupyter_agent_host.store.envelope.envelope_builder import size_bytes
from jupyter_agent_host.store.envelope.signatures import derive_key

WARM_TURNS = 15
DELTAS = 10_000
DELTA_PROMPT = "bench: many deltas"
SCRIPT = {
    "rules": [{"when": {"prompt": "many deltas"}, "say": f"{{words:{DELTAS}}}"}],
    "otherwise": {"say": "A short answer of nine words in one line."},
}
BARE = Path(__file__).with_name("bare_sdk.py")


@dataclass
class Figures:
    """One way of doing the work; every list holds one figure a round.

    Attributes:
        cold_s: to the first text without a sandbox, the server up for a while.
        just_started_s: the same in the moment in which the server started.
    """

    cold_s: list[float] = field(default_factory=list)
    just_started_s: list[float] = field(default_factory=list)
    warm_ms: list[float] = field(default_factory=list)
    deltas_s: list[float] = field(default_factory=list)
    resume_s: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    envelope_kb: dict[int, float] = field(default_factory=dict)


def bare(command: list[str], environ: dict[str, str], figures: Figures) -> None:
    """One round of the bare script: its first text, warm turns and delta turn."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
    assert process.stdout is not None
    assert process.stdout.readline() == "FIRST\n"
    figures.cold_s.append(time.perf_counter() - began)
    found = json.loads(process.stdout.readline())
    assert process.wait() == 0
    figures.warm_ms.append(statistics.median(found["warm_ms"]))
    figures.deltas_s.append(found["deltas_s"])


def docker_command(url: str) -> list[str]:
    """The hosting guide's `docker run`, with the sandbox's limits; host networking only to reach the scripted model."""
    variables = [part for name, value in model_environ(url).items() for part in ("-e", f"{name}={value}")]
    tmpfs = "rw,nosuid,size=256m,uid=1000,gid=1000"
    return [
        "docker", "run", "--rm", "--network", "host", "--memory", "1g", "--memory-swap", "1g", "--cpus", "1",
        "--pids-limit", "512", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--init",
        "--tmpfs", f"/home/agent:{tmpfs}", "--tmpfs", f"/tmp:{tmpfs}", "--user", "1000:1000", "--ipc", "private",
        "--mount", f"type=bind,source={BARE},target=/bare_sdk.py,readonly",
        "-e", "HOME=/home/agent", *variables,
        "--entrypoint", RUNNER_PYTHON, default_tag(), "/bare_sdk.py", str(WARM_TURNS), DELTA_PROMPT,
    ]  # fmt: skip


def model_environ(url: str) -> dict[str, str]:
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "sk-bench",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }


async def turn(manager: Manager, ref: NotebookRef, prompt: str) -> tuple[float, float]:
    """One turn of the product: seconds to the first text, and to the end."""
    began = time.perf_counter()
    accepted = await manager.call(ref, "prompt", PromptRequest(prompt=prompt))
    assert isinstance(accepted, PromptAccepted)
    first = 0.0
    async for record in manager.events(
        accepted.notebook_id, EventsRequest(after=accepted.after, turn_id=accepted.turn_id)
    ):
        if isinstance(record.event, TextDelta) and not first:
            first = time.perf_counter() - began
        if isinstance(record.event, TurnEnded):
            assert record.event.status == "completed", record.event
    return first, time.perf_counter() - began


async def hosted(provider: str, url: str, figures: Figures, number: int) -> None:
    """One round of the product with one provider."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("first", "second"):
            (Path(folder) / name).mkdir()
        settings = HostSettings(
            data_dir=Path(folder) / "data",
            provider=provider,
            gateway=GatewaySettings(
                base_url=url,
                credential=Credential("api_key", "sk-bench"),
                label="scripted",
                max_requests_per_minute=10_000,
            ),
            signing_keys=(derive_key(b"bench"),),
        )
        first, second = (NotebookRef(path=str(Path(folder) / name / "n.ipynb")) for name in ("first", "second"))
        async with open_host(settings) as manager:
            figures.just_started_s.append((await turn(manager, first, "bench: hello"))[0])
            await manager.call(first, "stop", Simple())
            await one_round(manager, second, figures, number)


async def one_round(manager: Manager, ref: NotebookRef, figures: Figures, number: int) -> None:
    figures.cold_s.append((await turn(manager, ref, "bench: hello"))[0])
    info = await manager.call(ref, "status", Simple())
    assert isinstance(info, NotebookInfo)
    figures.memory_mib.append((info.mem_bytes or 0) / 2**20)
    if number == 0:
        figures.envelope_kb[1] = await envelope_kb(manager, info.notebook_id)
    warm = [1000 * (await turn(manager, ref, f"bench: hello {index}"))[1] for index in range(WARM_TURNS)]
    figures.warm_ms.append(statistics.median(warm))
    if number == 0:
        for index in range(WARM_TURNS + 1, 100):
            await turn(manager, ref, f"bench: small question number {index}")
        figures.envelope_kb[100] = await envelope_kb(manager, info.notebook_id)
    await manager.call(ref, "stop", Simple())
    figures.resume_s.append((await turn(manager, ref, "bench: hello again"))[0])
    figures.deltas_s.append((await turn(manager, ref, DELTA_PROMPT))[1])


async def envelope_kb(manager: Manager, notebook_id: str) -> float:
    envelope = await manager.flush(notebook_id)
    return size_bytes(envelope or {}) / 1000


def row(name: str, unit: str, values: dict[str, float], base: str) -> str:
    cells = [f"{value:9.2f} {unit} ({value / values[base]:4.2f}x)" if value else " " * 20 for value in values.values()]
    return f"{name:<22}" + "  ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--providers", nargs="*", default=["docker", "local"])
    arguments = parser.parse_args()
    ways = {name: Figures() for name in ("bare docker", "bare host", *arguments.providers)}
    docker.from_env().close()
    with running_scripted_model(SCRIPT) as model:
        for number in range(arguments.rounds):  # in turns, so that a busy moment meets them all alike
            bare(docker_command(model.url), dict(_environ()), ways["bare docker"])
            here = [sys.executable, str(BARE), str(WARM_TURNS), DELTA_PROMPT]
            bare(here, {**_environ(), **model_environ(model.url)}, ways["bare host"])
            for provider in arguments.providers:
                anyio.run(hosted, provider, model.url, ways[provider], number)
    report(ways)


def report(ways: dict[str, Figures]) -> None:
    print(f"{'median (of bare docker)':<22}" + "  ".join(f"{name:>20}" for name in ways))
    middle: Callable[[list[float]], float] = lambda found: statistics.median(found) if found else 0.0  # noqa: E731
    base = "bare docker"
    fresh = {name: middle(way.just_started_s) for name, way in ways.items()} | {base: middle(ways[base].cold_s)}
    print(row("cold, server just up", "s ", fresh, base))
    print(row("cold start, 1st text", "s ", {name: middle(way.cold_s) for name, way in ways.items()}, base))
    print(row("warm turn", "ms", {name: middle(way.warm_ms) for name, way in ways.items()}, base))
    print(row(f"{DELTAS} deltas", "s ", {name: middle(way.deltas_s) for name, way in ways.items()}, base))
    for name, way in ways.items():
        if way.resume_s:
            ratio = middle(way.resume_s) / middle(way.cold_s)
            print(f"{name}: resume to first text {middle(way.resume_s):.2f} s ({ratio:.2f}x its cold start); memory"
                  f" {middle(way.memory_mib):.0f} MiB a sandbox; envelope after turns:"
                  f" {', '.join(f'{turns}: {size:.1f} KB' for turns, size in way.envelope_kb.items())}")  # fmt: skip


def _environ() -> dict[str, Any]:
    return {key: value for key, value in os.environ.items() if not key.startswith("ANTHROPIC")}


if __name__ == "__main__":
    main()
