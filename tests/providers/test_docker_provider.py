"""The docker provider with a real engine, the real image and the real runner in it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from docker import APIClient
from docker_setup import IMAGE, TOKEN, engine_client, leftovers, provider, run_inside, sandbox_of, spec

from jupyter_agent_host.errors import (
    ImageMismatchError,
    ImageMissingError,
    SandboxError,
    SandboxGoneError,
    SandboxOutOfMemoryError,
    SandboxStartError,
)
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.providers.docker.provider import DockerProvider
from jupyter_agent_host.sandbox.runner_health import fetch_health
from jupyter_agent_host.sandbox.spec import BindWorkspace, Limits, OverlayWorkspace, SandboxSpec

__all__ = ["engine_client", "provider", "spec"]

pytestmark = [pytest.mark.anyio, pytest.mark.docker]

STREAMS = pytest.mark.parametrize("stream", ["socket", "exec"])


@STREAMS
async def test_from_nothing_to_answers_to_nothing(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient, stream: str
) -> None:
    sandbox = await provider.create(replace(spec, stream=stream))
    first = await fetch_health(await sandbox.connect(), TOKEN)
    second = await fetch_health(await sandbox.connect(), TOKEN)
    assert first.incarnation == second.incarnation
    assert (first.sdk_version, first.cli_version) != ("", "")
    assert sandbox.isolation.phrase == "Docker, no network"
    used = await sandbox.stats()
    assert used.mem_bytes is not None
    assert 10 * 1024**2 < used.mem_bytes < 1024**3
    await sandbox.destroy()
    await sandbox.destroy()
    assert leftovers(engine_client, spec.host_id) == []
    with pytest.raises(SandboxGoneError):
        await sandbox.connect()


@STREAMS
async def test_a_host_that_was_restarted_finds_its_sandbox(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient, tmp_path: Path, stream: str
) -> None:
    overlay = overlay_in(tmp_path, "project")
    made = await provider.create(replace(spec, stream=stream, workspace=overlay))
    await provider.aclose()
    later = DockerProvider(image=IMAGE)
    [found] = await later.reattach(spec.host_id)
    assert (found.id, found.notebook_id, found.session_id) == (made.id, spec.notebook_id, spec.session_id)
    assert found.isolation == made.isolation
    assert (await fetch_health(await found.connect(), TOKEN)).protocol == PROTOCOL_VERSION
    await found.destroy()
    assert leftovers(engine_client, spec.host_id) == []
    assert await later.reattach(spec.host_id) == []
    await later.aclose()


async def test_auto_takes_the_socket_where_it_is_shared(provider: DockerProvider, spec: SandboxSpec) -> None:
    async with sandbox_of(provider, spec) as sandbox:
        assert sandbox.stream_mode == "socket"
        assert (await fetch_health(await sandbox.connect(), TOKEN)).mount_nonce != ""


async def test_an_upload_that_the_runner_refuses_ends_through_a_relay_too(
    provider: DockerProvider, spec: SandboxSpec
) -> None:
    async with sandbox_of(provider, spec, stream="exec") as sandbox, await sandbox.connect() as stream:
        head = f"PUT /sessions/none/transcript HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        await stream.send(f"{head}Content-Length: 3000000\r\nConnection: close\r\n\r\n".encode())
        received = bytearray()
        with anyio.fail_after(20):
            with pytest.raises(anyio.BrokenResourceError):
                await stream.send(b" " * 3_000_000)
            async for part in stream:
                received += part
        assert received.startswith(b"HTTP/1.1 400 ")


async def test_a_killed_sandbox_is_reported_then_removed(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient
) -> None:
    async with sandbox_of(provider, spec) as sandbox:
        assert await sandbox.exit_state() is None
        engine_client.kill(sandbox.id)
        engine_client.wait(sandbox.id)
        state = await sandbox.exit_state()
        assert state is not None
        assert (state.exit_code, state.oom_killed) == (137, False)
        with pytest.raises(SandboxGoneError):
            await sandbox.connect()


async def test_a_sandbox_that_somebody_removed_is_gone_without_an_error(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient
) -> None:
    async with sandbox_of(provider, spec) as sandbox:
        engine_client.remove_container(sandbox.id, force=True)
        state = await sandbox.exit_state()
        assert state is not None
        assert state.detail == "the container was removed"
        assert await sandbox.logs() == ""


async def test_running_out_of_memory_is_told_apart(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient
) -> None:
    limits = Limits(mem_bytes=200 * 1024**2)
    async with sandbox_of(provider, spec, limits=limits) as sandbox:
        # The kernel picks its victim by score: make that the runner, as when the runner itself is the largest.
        lure = "for p in /proc/[0-9]*; do grep -q agent_host.runner $p/cmdline && echo 1000 > $p/oom_score_adj; done"
        run_inside(engine_client, sandbox.id, "sh", "-c", lure, user="0:0")
        hog = "b = bytearray(400 * 1024**2); b[::4096] = b[::4096]"
        run_inside(engine_client, sandbox.id, "python3", "-c", hog)
        engine_client.wait(sandbox.id, timeout=20)
        state = await sandbox.exit_state()
        assert state is not None
        assert state.oom_killed
        with pytest.raises(SandboxOutOfMemoryError):
            await sandbox.connect()


async def test_a_missing_image_says_how_to_build_it(spec: SandboxSpec, engine_client: APIClient) -> None:
    provider = DockerProvider(image="jupyter-agent-host:no-such-tag")
    with pytest.raises(ImageMissingError, match="jupyter agent-host image build --tag jupyter-agent-host:no-such-tag"):
        await provider.create(spec)
    report = await provider.probe()
    await provider.aclose()
    assert not report.available
    assert "image build" in report.reason


async def test_an_image_that_cannot_be_pulled_says_why_and_how_to_build_it(
    spec: SandboxSpec, engine_client: APIClient
) -> None:
    provider = DockerProvider(image="localhost:9/nobody/nothing:1", pull_policy="ifnotpresent")
    with pytest.raises(ImageMissingError, match=r"cannot be pulled.*image build --tag"):
        await provider.create(spec)
    await provider.aclose()


async def test_an_engine_that_runs_no_container_is_unavailable(engine_client: APIClient) -> None:
    provider = DockerProvider(image=IMAGE, runtime="no-such-runtime")
    report = await provider.probe()
    await provider.aclose()
    assert not report.available
    assert "no-such-runtime" in report.reason


async def test_a_seccomp_profile_and_more_environment_arrive(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient, tmp_path: Path
) -> None:
    profile = tmp_path / "profile.json"
    no_nodes = {"names": ["mknod", "mknodat"], "action": "SCMP_ACT_ERRNO"}
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [no_nodes]}))
    mkfifo = ("python3", "-c", "import os; os.mkfifo('/tmp/pipe'); print(os.environ.get('MORE'))")
    async with sandbox_of(provider, spec) as sandbox:
        assert run_inside(engine_client, sandbox.id, *mkfifo) == (0, "None\n")
    stricter = DockerProvider(image=IMAGE, seccomp_profile=profile, environment={"MORE": "yes"})
    async with sandbox_of(stricter, spec) as sandbox:
        code, output = run_inside(engine_client, sandbox.id, *mkfifo)
        assert (code, "PermissionError" in output) == (1, True)
        assert run_inside(engine_client, sandbox.id, "printenv", "MORE") == (0, "yes\n")
    await stricter.aclose()


async def test_what_weakens_the_sandbox_is_said(spec: SandboxSpec, engine_client: APIClient) -> None:
    provider = DockerProvider(image=IMAGE, network_name="bridge", extra_host_config={"read_only": False})
    async with sandbox_of(provider, spec) as sandbox:
        assert sandbox.isolation.phrase == "Docker, network bridge"
        said = " ".join(sandbox.isolation.notes)
        assert "a way out that the gateway does not see" in said
        assert "read_only" in said
    await provider.aclose()


async def test_an_image_of_another_protocol_is_refused(spec: SandboxSpec, engine_client: APIClient) -> None:
    tag = f"jupyter-agent-host:{spec.host_id}"
    made = engine_client.create_container(IMAGE, entrypoint=["true"])
    repository, _, name = tag.partition(":")
    changes = "LABEL io.jupyter.agent-host.protocol=0"
    engine_client.commit(made["Id"], repository=repository, tag=name, changes=changes)
    provider = DockerProvider(image=tag)
    try:
        with pytest.raises(ImageMismatchError, match=r"speaks protocol 0.*image build"):
            await provider.create(spec)
    finally:
        await provider.aclose()
        engine_client.remove_container(made["Id"])
        engine_client.remove_image(tag)


@pytest.mark.parametrize(
    "settings",
    [
        {"runtime": "no-such-runtime"},
        {"network_name": "no-such-network"},
        {"extra_create_kwargs": {"entrypoint": ["sh", "-c", "echo no room >&2; exit 3"]}},
        {"extra_create_kwargs": {"entrypoint": ["/no/such/program"]}},
        {"seccomp_profile": "/no/such/profile.json"},
        {"extra_host_config": {"no_such": 1}},
        {"name_template": "{user}"},
        {"start_timeout": 0.2},
    ],
    ids=str,
)
async def test_a_failed_start_is_one_of_our_errors_and_leaves_nothing(
    spec: SandboxSpec,
    engine_client: APIClient,
    tmp_path: Path,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder(tmp_path)))
    provider = DockerProvider(image=IMAGE, **settings)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one differs; the next line checks the family
        await provider.create(replace(spec, workspace=overlay_in(tmp_path, "project"), stream="socket"))
    await provider.aclose()
    assert getattr(caught.value, "code", "") in ("sandbox_start", "sandbox_gone", "config", "provider_unavailable")
    assert leftovers(engine_client, spec.host_id) == []
    assert list(short_folder(tmp_path).iterdir()) == []


def short_folder(tmp_path: Path) -> Path:
    """A runtime folder of the test's own; pytest's paths leave just enough room for a socket."""
    folder = tmp_path / "r"
    folder.mkdir(exist_ok=True)
    return folder


async def test_the_last_words_of_a_runner_that_died_are_in_the_error(
    spec: SandboxSpec, engine_client: APIClient
) -> None:
    entrypoint = ["sh", "-c", "echo no room left >&2; exit 3"]
    provider = DockerProvider(image=IMAGE, extra_create_kwargs={"entrypoint": entrypoint})
    with pytest.raises(SandboxStartError, match=r"exit code 3.*no room left"):
        await provider.create(spec)
    await provider.aclose()


async def test_cancelling_a_start_leaves_nothing(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient
) -> None:
    await provider.probe()
    for seconds in (0.05, 0.3, 0.6):
        with anyio.move_on_after(seconds):
            await (await provider.create(spec)).destroy()
        assert leftovers(engine_client, spec.host_id) == []


def overlay_in(folder: Path, name: str) -> OverlayWorkspace:
    lower, upper, work = (folder / name / part for part in ("lower", "upper", "work"))
    for place in (lower, upper, work):
        place.mkdir(parents=True)
    (lower / "sales.csv").write_text("month,revenue\n")
    if os.getuid() == 0:
        os.chown(upper, 1000, 1000)
        os.chown(work, 1000, 1000)
    return OverlayWorkspace(lower, upper, work)


@pytest.mark.parametrize("name", ["plain", "with, comma", "a:b", "back\\slash", "ünï 'quoted' \"twice\" $HOME"])
async def test_an_overlay_shows_the_folder_and_keeps_writes_apart(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient, tmp_path: Path, name: str
) -> None:
    overlay = overlay_in(tmp_path, name)
    script = "cat sales.csv && echo done > answer.txt && echo more >> sales.csv && git init -q . && git status -s"
    async with sandbox_of(provider, spec, workspace=overlay) as sandbox:
        code, output = run_inside(engine_client, sandbox.id, "sh", "-c", script)
        assert (code, output.splitlines()[0]) == (0, "month,revenue")
        assert (overlay.upper / "answer.txt").read_text() == "done\n"
        assert (overlay.lower / "sales.csv").read_text() == "month,revenue\n"
        assert not (overlay.lower / "answer.txt").exists()
    assert leftovers(engine_client, spec.host_id) == []
    assert (overlay.upper / "answer.txt").exists()


async def test_a_workspace_that_does_not_exist_is_never_invented(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient, tmp_path: Path
) -> None:
    with pytest.raises(SandboxError, match="no-such"):
        await provider.create(replace(spec, stream="socket", workspace=BindWorkspace(tmp_path / "no-such")))
    assert not (tmp_path / "no-such").exists()
    assert leftovers(engine_client, spec.host_id) == []


async def test_the_token_is_recorded_nowhere(
    provider: DockerProvider, spec: SandboxSpec, engine_client: APIClient
) -> None:
    async with sandbox_of(provider, spec) as sandbox:
        assert TOKEN not in str(engine_client.inspect_container(sandbox.id))
        assert TOKEN not in await sandbox.logs()
        _, seen = run_inside(engine_client, sandbox.id, "sh", "-c", "cat /proc/*/environ /proc/*/cmdline; env")
        assert TOKEN not in seen
        assert "agent_host.runner" in seen


async def test_a_socket_path_that_is_too_long_is_said(
    provider: DockerProvider, spec: SandboxSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await provider.probe()
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    with pytest.raises(Exception, match="XDG_RUNTIME_DIR"):
        await provider.create(spec)
    assert list(deep.iterdir()) == []


# What Docker Desktop does: the folder is shared, the socket in it is not. In exec mode there is no nonce.
_DEAD_SOCKET = """
if [ -e /run/agent-host/.nonce ]; then
  exec python3 -c "import socket, time; socket.socket(1).bind('/run/agent-host/runner.sock'); time.sleep(60)"
fi
exec /opt/agent-host/bin/python -I -m jupyter_agent_host.runner
"""


async def test_auto_goes_through_the_engine_where_sockets_do_not_cross(
    spec: SandboxSpec, engine_client: APIClient
) -> None:
    provider = DockerProvider(image=IMAGE, extra_create_kwargs={"entrypoint": ["sh", "-c", _DEAD_SOCKET]})
    async with sandbox_of(provider, spec) as sandbox:
        assert sandbox.stream_mode == "exec"
        assert (await fetch_health(await sandbox.connect(), TOKEN)).mount_nonce == ""
        assert leftovers(engine_client, spec.host_id) == [sandbox.id]
    async with sandbox_of(provider, spec) as second:
        assert second.stream_mode == "exec"
    with pytest.raises(SandboxStartError, match="not where this host can reach it"):
        await provider.create(replace(spec, stream="socket"))
    await provider.aclose()
    assert leftovers(engine_client, spec.host_id) == []
