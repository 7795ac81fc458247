"""The bare SDK script (`bare_sdk.py`) on the host and in `docker run`: what the product's figures are compared with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
from measure_cell import Record
from measure_server import DELTA_PROMPT, SLOW_PROMPT, clean_environ, model_environ

BARE = Path(__file__).with_name("bare_sdk.py")
RUN_SECONDS = 120
Command = Callable[[list[str]], list[str]]


def sandbox_of(notebook_id: str) -> dict[str, Any]:
    """What the engine says of the product's own container: the bare script gets the same image and limits.

    Raises:
        RuntimeError: this notebook has no container.
    """
    client = docker.from_env()
    try:
        label = f"io.jupyter.agent-host.notebook={notebook_id}"
        found = client.containers.list(filters={"label": label})
        if not found:
            raise RuntimeError(f"no container has the label {label}")
        return dict(client.api.inspect_container(found[0].id))
    finally:
        client.close()


def docker_command(sandbox: dict[str, Any], home: Path, url: str) -> Command:
    """`docker run` with the image, interpreter and limits of the product's container.

    The home folder is a bind mount, since a tmpfs would lose the session before the resume; host networking is there
    only to reach the scripted model.
    """
    host, config = sandbox["HostConfig"], sandbox["Config"]
    os.chown(home, *(int(part) for part in config["User"].split(":")))
    variables = {**dict(pair.split("=", 1) for pair in config["Env"]), **model_environ(url)}
    tmpfs = {path: how for path, how in host["Tmpfs"].items() if path != "/home/agent"}
    # An inline seccomp profile cannot be named on a command line; the engine's default is used instead.
    security = [one for one in host["SecurityOpt"] or [] if not one.startswith("seccomp=")]
    start = [
        "docker", "run", "--rm", "--network", "host", "--ipc", "private", "--user", config["User"],
        "--memory", str(host["Memory"]), "--memory-swap", str(host["MemorySwap"]),
        "--cpus", str(host["NanoCpus"] / 1e9), "--pids-limit", str(host["PidsLimit"]),
        *(["--read-only"] if host["ReadonlyRootfs"] else []), *(["--init"] if host.get("Init") else []),
        *(part for one in host["CapDrop"] for part in ("--cap-drop", one)),
        *(part for one in security for part in ("--security-opt", one)),
        *(part for path, how in tmpfs.items() for part in ("--tmpfs", f"{path}:{how}")),
        *(part for name, value in variables.items() for part in ("-e", f"{name}={value}")),
        "--mount", f"type=bind,source={BARE},target=/bare_sdk.py,readonly",
        "--mount", f"type=bind,source={home},target=/home/agent", "--workdir", "/home/agent",
        "--entrypoint", sandbox["Path"], sandbox["Image"], "/bare_sdk.py",
    ]  # fmt: skip
    return lambda arguments: [*start, *arguments]


def measure_bare(place: str, url: str, sandbox: dict[str, Any] | None, turns: int, record: Record) -> None:
    """One round: first text of a new process, connected warm turns, deltas, an interrupt, then a resume."""
    home = Path(tempfile.mkdtemp(prefix="agent-bench-home-"))
    try:
        environ = {**clean_environ(home), **model_environ(url), "HOME": str(home)}
        command: Command = lambda arguments: [sys.executable, str(BARE), *arguments]  # noqa: E731
        if place == "docker":
            assert sandbox is not None
            command = docker_command(sandbox, home, url)
        arguments = [str(turns), DELTA_PROMPT, "--interrupt", SLOW_PROMPT]
        found = _run(command(arguments), environ, home, "cold", record)
        for first, whole in zip(found["warm_first_ms"], found["warm_ms"], strict=True):
            record("warm.first", first)
            record("warm.end", whole)
        record("deltas.end", 1000 * found["deltas_s"])
        record("interrupt", found["interrupt_ms"])
        _run(command(["0", "", "--resume", found["session_id"]]), environ, home, "resume", record)
    finally:
        shutil.rmtree(home)


def _run(command: list[str], environ: dict[str, str], home: Path, name: str, record: Record) -> dict[str, Any]:
    began, began_at = time.perf_counter(), time.time()
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environ, cwd=home)
    assert process.stdout is not None
    line = process.stdout.readline()
    first = time.perf_counter() - began
    rest, errors = process.communicate(timeout=RUN_SECONDS)
    if line != "FIRST\n" or process.returncode != 0:
        raise RuntimeError(f"the bare SDK script ended with {process.returncode}: {errors.strip()[-600:]}")
    found: dict[str, Any] = json.loads(rest)
    record(f"{name}.first", 1000 * first)
    record(f"{name}.end", 1000 * (found["cold_end_at"] - began_at))
    return found
