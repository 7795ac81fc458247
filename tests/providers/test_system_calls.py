"""Which system calls sandboxes may make, held against what the engine's own profile lets through."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient
from docker_setup import IMAGE, engine_client

from jupyter_agent_host.providers.common.denied_system_calls import ALLOWED, CLONE3, NEWEST, denied_numbers
from jupyter_agent_host.providers.docker.container_arguments import profile
from jupyter_agent_host.providers.local.provider import LocalProvider
from jupyter_agent_host.providers.local.seccomp_filter import filter_program
from jupyter_agent_host.sandbox.spec import BindWorkspace, SandboxSpec
from jupyter_agent_host.testing.sandbox_shell import open_inside

__all__ = ["engine_client"]

PROGRAM = (Path(__file__).parent / "call_everything.py").read_text()
HEADERS = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
needs_x86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the program knows the numbers of x86_64 only")

TRACING = {101}
ASKS_PERSONALITY = {135}
"""With -1 in 64 bits, which the engine takes for another number than -1 in 32 bits; the kernel does not."""

IO_URING = {425, 426, 427}


def in_container(client: APIClient, *security: str) -> set[int]:
    """What is refused in a container such as ours but for these options."""
    options: dict[str, Any] = {"security_opt": ["no-new-privileges:true", *security], "cap_drop": ["ALL"]}
    made = client.create_container(
        IMAGE,
        entrypoint=["python3", "-c", PROGRAM],
        user="1000:1000",
        host_config=client.create_host_config(network_mode="none", mem_limit="512m", **options),
    )
    try:
        client.start(made["Id"])
        client.wait(made["Id"], timeout=90)
        return {int(number) for number in client.logs(made["Id"]).split()}
    finally:
        client.remove_container(made["Id"], force=True)


@needs_x86
@pytest.mark.docker
def test_our_profile_is_no_looser_than_the_engines_own(engine_client: APIClient) -> None:
    engines, ours = in_container(engine_client), in_container(engine_client, f"seccomp={profile()}")
    assert engines - ours == set()
    assert ours - engines >= TRACING | IO_URING


@needs_x86
@pytest.mark.anyio
@pytest.mark.docker
@pytest.mark.bubblewrap
async def test_the_local_filter_is_no_looser_either(engine_client: APIClient, tmp_path: Path) -> None:
    provider = LocalProvider()
    report = await provider.probe()
    if not report.available:
        pytest.skip(report.reason)
    (tmp_path / "program.py").write_text(PROGRAM)
    spec = SandboxSpec("calls", "n", "s", "t" * 40, BindWorkspace(tmp_path), user=report.sandbox_user)
    sandbox = await provider.create(spec)
    try:
        async with open_inside(sandbox, spec.token) as inside:
            ours = {int(number) for number in (await inside.run("python3 program.py")).split()}
    finally:
        await sandbox.destroy()
    assert in_container(engine_client, f"seccomp={profile()}") - ours - ASKS_PERSONALITY == set()


def test_a_call_is_either_allowed_or_refused() -> None:
    if not HEADERS.exists():
        pytest.skip("the kernel's headers are not installed (linux-libc-dev)")
    known = {name: int(number) for name, number in re.findall(r"__NR_(\w+)\s+(\d+)", HEADERS.read_text())}
    denied = denied_numbers("x86_64")
    undecided = {name for name, number in known.items() if number <= NEWEST and number != CLONE3}
    assert undecided - ALLOWED - set(denied) == set()
    assert ALLOWED & set(denied) == set()
    assert {name: known[name] for name in denied if name in known} == {n: denied[n] for n in denied if n in known}


def test_a_filter_for_each_processor_that_is_known() -> None:
    for machine in ("x86_64", "aarch64"):
        program = filter_program(machine)
        assert program is not None
        assert len(program) % 8 == 0
        assert len(program) // 8 < 4096, "the kernel takes no longer one"
    assert filter_program("m68k") is None
