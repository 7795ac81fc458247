"""What an agent tries from inside. Each row has a positive control: the same works where it should."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from docker import APIClient
from docker_setup import engine_client, provider, run_inside, sandbox_of, spec

from jupyter_agent_host.providers.docker.docker_sandbox import DockerSandbox
from jupyter_agent_host.providers.docker.provider import DockerProvider
from jupyter_agent_host.sandbox.spec import Limits, SandboxSpec

__all__ = ["engine_client", "provider", "spec"]

pytestmark = [pytest.mark.anyio, pytest.mark.docker]


@pytest.fixture
async def sandbox(
    provider: DockerProvider, spec: SandboxSpec, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DockerSandbox]:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-the-person")
    monkeypatch.setenv("SECRET_OF_THE_HOST", "shh")
    environment = {"ASKED_FOR": "yes"}
    async with sandbox_of(provider, spec, environment=environment, limits=Limits(pids=64)) as made:
        yield made


async def test_inside_is_a_closed_box(sandbox: DockerSandbox, engine_client: APIClient) -> None:
    def inside(*command: str) -> tuple[int, str]:
        return run_inside(engine_client, sandbox.id, *command)

    assert inside("ls", "/sys/class/net")[1].split() == ["lo"]
    code, said = inside("python3", "-c", "import socket; socket.create_connection(('1.1.1.1', 443), 3)")
    assert (code, "unreachable" in said) == (1, True)

    status = inside("cat", "/proc/self/status")[1]
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")} == {"0000000000000000"}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    assert fields["Uid"].split() == ["1000"] * 4

    for place in ("/", "/usr/bin", "/etc", "/opt/agent-host/src", "/opt/python"):
        code, said = inside("touch", f"{place}/x")
        assert (code, "Read-only file system" in said or "Permission denied" in said) == (1, True), place
    for place in ("/tmp", "/home/agent", "/workspace"):
        assert inside("sh", "-c", f"printf '#!/bin/sh\\necho ran' > {place}/x && chmod +x {place}/x && {place}/x") == (
            0,
            "ran\n",
        )

    code, said = inside("mount", "-t", "tmpfs", "none", "/mnt")
    assert code != 0
    assert inside("unshare", "--user", "true")[0] != 0
    assert inside("test", "-e", "/var/run/docker.sock")[0] == 1


async def test_the_environment_is_what_was_asked_for(sandbox: DockerSandbox, engine_client: APIClient) -> None:
    _, output = run_inside(engine_client, sandbox.id, "env")
    names = dict(line.split("=", 1) for line in output.splitlines())
    assert names["ASKED_FOR"] == "yes"
    assert set(names) == {"ASKED_FOR", "HOME", "HOSTNAME", "LANG", "LOGNAME", "PATH", "TMPDIR", "USER"}


async def test_limits_hold(sandbox: DockerSandbox, engine_client: APIClient) -> None:
    hog = "b = bytearray(1500 * 1024**2); b[::4096] = b[::4096]; print('got it')"
    code, output = run_inside(engine_client, sandbox.id, "python3", "-c", hog)
    assert (code, output) == (137, "")
    modest = hog.replace("1500", "100")
    assert run_inside(engine_client, sandbox.id, "python3", "-c", modest) == (0, "got it\n")

    forks = "for i in $(seq 100); do sleep 2 & done; wait; echo all"
    code, output = run_inside(engine_client, sandbox.id, "bash", "-c", forks)
    assert "Resource temporarily unavailable" in output
    assert run_inside(engine_client, sandbox.id, "bash", "-c", forks.replace("100", "10"))[1] == "all\n"

    code, output = run_inside(engine_client, sandbox.id, "dd", "if=/dev/zero", "of=/tmp/full", "bs=1M", "count=400")
    assert "No space left on device" in output
    assert run_inside(engine_client, sandbox.id, "rm", "/tmp/full")[0] == 0
    assert await sandbox.exit_state() is None


async def test_the_agents_own_tools_are_there(sandbox: DockerSandbox, engine_client: APIClient) -> None:
    plot = "import numpy, pandas, matplotlib.pyplot as p; p.plot([1, 2]); p.savefig('/workspace/a.png'); print('ok')"
    code, output = run_inside(engine_client, sandbox.id, "python", "-W", "ignore", "-c", plot)
    assert (code, output.splitlines()[-1]) == (0, "ok")
    assert run_inside(engine_client, sandbox.id, "rg", "--version")[0] == 0
    assert run_inside(engine_client, sandbox.id, "git", "--version")[0] == 0


async def test_files_of_the_workspace_are_not_imported_by_relay_or_runner(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient
) -> None:
    async with sandbox_of(provider, spec, stream="exec") as sandbox:
        for name in ("socket", "anyio", "jupyter_agent_host"):
            code, _ = run_inside(engine_client, sandbox.id, "sh", "-c", f"echo 'raise SystemExit(9)' > {name}.py")
            assert code == 0
        for _ in range(4):
            await (await sandbox.connect()).aclose()
        assert await sandbox.exit_state() is None
        control = run_inside(engine_client, sandbox.id, "python3", "-c", "import anyio")
        assert control[0] == 9
