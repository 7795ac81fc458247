"""What every provider must do, as a pytest class: subclass it in your own tests and give it your provider.

    class TestMine(ProviderContract):
        survives_host = True

        @pytest.fixture
        def make_provider(self):
            return MyProvider

Needs pytest and anyio's plugin (fixture `anyio_backend` returning "asyncio"). The sandboxes are real, so is the agent
in them; only the model's words are scripted.
"""

# ruff: noqa: S101 - these are tests, and assert is how pytest speaks

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from jupyter_agent_host.errors import AuthenticationError, SandboxError, SandboxGoneError
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.sandbox.provider import Provider, Sandbox
from jupyter_agent_host.sandbox.runner_health import fetch_health
from jupyter_agent_host.sandbox.spec import BindWorkspace, OverlayWorkspace, SandboxSpec, ScratchWorkspace
from jupyter_agent_host.testing.sandbox_shell import open_inside

_MARKER = "JAH_CONTRACT_MARKER"
_CONNECTIONS = 16
_LEAST_BYTES = 4 * 1024 * 1024


class ProviderContract:
    """Override `make_provider`, and where the defaults do not fit: `spec`, `leftovers`, `kill`, `survives_host`.

    Attributes:
        survives_host: a sandbox outlives the host and is found again by a new provider object.
        tells_usage: the provider can tell a sandbox's memory and processor time.
    """

    survives_host = True
    tells_usage = True
    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def make_provider(self) -> Callable[[], Provider]:
        """A provider as a fresh host would construct it; called more than once."""
        pytest.fail("A provider contract needs the fixture make_provider: override it with your provider.")

    @pytest.fixture
    async def provider(self, make_provider: Callable[[], Provider]) -> AsyncIterator[Provider]:
        """One that works here; the test is skipped with the probe's reason otherwise."""
        made = make_provider()
        report = await made.probe()
        if not report.available:
            pytest.skip(report.reason)
        yield made
        await made.aclose()

    @pytest.fixture
    async def spec(self, provider: Provider, tmp_path: Path) -> SandboxSpec:
        """A spec whose workspace is a private folder, where this provider can show one."""
        report = await provider.probe()
        folder = tmp_path / "workspace"
        folder.mkdir()
        (folder / "given.txt").write_text("given\n")
        if os.getuid() == 0 and report.file_owner is not None:
            os.chown(folder, *report.file_owner)
        return SandboxSpec(
            host_id=f"contract-{uuid4().hex[:8]}",
            notebook_id=uuid4().hex,
            session_id=str(uuid4()),
            token=secrets.token_hex(32),
            workspace=BindWorkspace(folder) if report.file_owner is not None else ScratchWorkspace(),
            user=report.sandbox_user,
            environment={"CONTRACT_ASKED": "ünïcode and spaces", "CONTRACT_ID": uuid4().hex},
        )

    async def leftovers(self, provider: Provider, spec: SandboxSpec) -> list[str]:
        """All that exists of the spec's sandboxes: processes, containers, folders, sockets. Override to look closer."""
        return [sandbox.id for sandbox in await provider.reattach(spec.host_id)]

    async def kill(self, sandbox: Sandbox) -> None:
        """Kill the sandbox behind the provider's back. Override, or the tests that need it are skipped."""
        pytest.skip(f"{type(self).__name__} does not say how to kill {sandbox.id}")

    @asynccontextmanager
    async def running(self, provider: Provider, spec: SandboxSpec) -> AsyncIterator[Sandbox]:
        """A sandbox for one block."""
        sandbox = await provider.create(spec)
        try:
            yield sandbox
        finally:
            with anyio.CancelScope(shield=True):
                await sandbox.destroy()

    async def test_probe_is_honest(self, provider: Provider) -> None:
        report = await provider.probe()
        assert report.provider == provider.name
        assert report.reason.endswith(".")
        assert report.isolation is not None
        assert report.isolation.phrase
        if report.isolation.level == "none":
            assert "not isolated" in report.isolation.phrase
        else:
            # Uid 0 of a user namespace is nobody outside; where the agent is that, it is said.
            told = any("user namespace" in note for note in report.isolation.notes)
            assert told if 0 in report.sandbox_user else not told

    async def test_a_created_sandbox_answers(self, provider: Provider, spec: SandboxSpec) -> None:
        async with self.running(provider, spec) as sandbox:
            health = await fetch_health(await sandbox.connect(), spec.token)
            assert health.protocol == PROTOCOL_VERSION
            assert await sandbox.exit_state() is None
            assert sandbox.id
            assert (sandbox.provider, sandbox.notebook_id) == (provider.name, spec.notebook_id)
            assert sandbox.session_id == spec.session_id
            assert (await sandbox.stats()).pids != 0
            assert spec.token not in await sandbox.logs()
            assert spec.token not in repr(sandbox)

    async def test_use_of_memory_and_processor_is_told(self, provider: Provider, spec: SandboxSpec) -> None:
        async with self.running(provider, spec) as sandbox:
            before = await sandbox.stats()
            if not self.tells_usage:
                assert (before.mem_bytes, before.cpu_seconds) == (None, None), "say so: tells_usage = True"
                return
            assert before.mem_bytes is not None
            assert before.mem_bytes > _LEAST_BYTES
            assert before.cpu_seconds is not None
            with anyio.fail_after(60):
                used = before.cpu_seconds
                while used <= before.cpu_seconds:
                    await fetch_health(await sandbox.connect(), spec.token)  # gives it something to do
                    used = (await sandbox.stats()).cpu_seconds or 0.0

    async def test_many_connections_at_once(self, provider: Provider, spec: SandboxSpec) -> None:
        incarnations: list[str] = []

        async def ask(sandbox: Sandbox) -> None:
            incarnations.append((await fetch_health(await sandbox.connect(), spec.token)).incarnation)

        async with self.running(provider, spec) as sandbox:
            async with anyio.create_task_group() as tasks:
                for _ in range(_CONNECTIONS):
                    tasks.start_soon(ask, sandbox)
            assert len(incarnations) == _CONNECTIONS
            assert len(set(incarnations)) == 1

    async def test_two_sandboxes_are_two(self, provider: Provider, spec: SandboxSpec, tmp_path: Path) -> None:
        folder = tmp_path / "other"
        folder.mkdir()
        other_spec = replace(spec, notebook_id=uuid4().hex, token=secrets.token_hex(32), workspace=ScratchWorkspace())
        async with self.running(provider, spec) as one, self.running(provider, other_spec) as two:
            assert one.id != two.id
            with pytest.raises(AuthenticationError):
                await fetch_health(await two.connect(), spec.token)
            await one.destroy()
            assert (await fetch_health(await two.connect(), other_spec.token)).protocol == PROTOCOL_VERSION

    async def test_a_wrong_token_is_refused(self, provider: Provider, spec: SandboxSpec) -> None:
        async with self.running(provider, spec) as sandbox:
            for wrong in ("x" * len(spec.token), spec.token[:-1]):
                with pytest.raises(AuthenticationError):
                    await fetch_health(await sandbox.connect(), wrong)

    async def test_inside(self, provider: Provider, spec: SandboxSpec, monkeypatch: pytest.MonkeyPatch) -> None:
        """The environment, the workspace and the network, as the agent finds them."""
        secret = secrets.token_hex(16)
        monkeypatch.setenv(_MARKER, secret)
        async with self.running(provider, spec) as sandbox, open_inside(sandbox, spec.token) as inside:
            environment = await inside.run("env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; true")
            assert "CONTRACT_ASKED=ünïcode and spaces" in environment
            assert _MARKER not in environment or sandbox.isolation.level == "none"
            assert _MARKER not in await inside.run("env")
            assert spec.token not in environment
            await self._check_workspace(provider, spec, await inside.run("pwd; cat given.txt; echo inside > made.txt"))
            if sandbox.isolation.level != "none":
                identity = await inside.run("id; grep CapEff /proc/self/status")
                assert "0000000000000000" in identity
                assert ("uid=0" in identity) == (spec.user[0] == 0)
                await self._check_network(await inside.run(_NETWORK))

    async def _check_workspace(self, provider: Provider, spec: SandboxSpec, seen: str) -> None:
        report = await provider.probe()
        if not isinstance(spec.workspace, BindWorkspace):
            assert "/workspace" in seen
            return
        made = spec.workspace.source / "made.txt"
        assert made.read_text() == "inside\n"
        assert (made.stat().st_uid, made.stat().st_gid) == report.file_owner
        where, given = seen.splitlines()
        assert given == "given"
        assert where == (
            str(spec.workspace.source) if report.isolation and report.isolation.level == "none" else "/workspace"
        )

    async def _check_network(self, seen: str) -> None:
        assert "REACHED" not in seen
        assert "CHECKED" in seen
        assert "devices: lo" in seen

    async def test_layers_keep_the_lower_folder_as_it_is(
        self, provider: Provider, spec: SandboxSpec, tmp_path: Path
    ) -> None:
        report = await provider.probe()
        if not report.overlay or report.file_owner is None:
            pytest.skip("this provider lays no folder over another here")
        layers = OverlayWorkspace(tmp_path / "lower, a:b", tmp_path / "upper", tmp_path / "work")
        for folder in (layers.lower, layers.upper, layers.work):
            folder.mkdir()
        given, gone = layers.lower / "given.txt", layers.lower / "gone.txt"
        given.write_text("given\n")
        gone.touch()
        if os.getuid() == 0:
            for path in (layers.lower, layers.upper, layers.work, given, gone):
                os.chown(path, *report.file_owner)
        spec = replace(spec, workspace=layers)
        async with self.running(provider, spec) as sandbox, open_inside(sandbox, spec.token) as inside:
            assert (
                await inside.run("cat given.txt; echo more >> given.txt; rm gone.txt; echo made > made.txt") == "given"
            )
            assert given.read_text() == "given\n"
            assert sorted(path.name for path in layers.lower.iterdir()) == ["given.txt", "gone.txt"]
            assert (layers.upper / "given.txt").read_text() == "given\nmore\n"
            made = (layers.upper / "made.txt").stat()
            assert (made.st_uid, made.st_gid) == report.file_owner

    async def test_destroy_leaves_nothing(self, provider: Provider, spec: SandboxSpec) -> None:
        sandbox = await provider.create(spec)
        assert await self.leftovers(provider, spec) != []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sandbox.destroy)
            tasks.start_soon(sandbox.destroy)
        await sandbox.destroy()
        assert await self.leftovers(provider, spec) == []
        assert await sandbox.exit_state() is not None
        assert (await sandbox.stats()).pids is None
        with pytest.raises(SandboxGoneError):
            await sandbox.connect()

    async def test_a_killed_sandbox_is_told(self, provider: Provider, spec: SandboxSpec) -> None:
        async with self.running(provider, spec) as sandbox:
            await self.kill(sandbox)
            with anyio.fail_after(20):
                while (state := await sandbox.exit_state()) is None:  # noqa: ASYNC110 - the protocol has no event for it
                    await anyio.sleep(0.05)
            assert not state.oom_killed
            assert state.exit_code != 0
            with pytest.raises(SandboxGoneError):
                await fetch_health(await sandbox.connect(), spec.token)
            await sandbox.logs()
        assert await self.leftovers(provider, spec) == []

    async def test_reattach(self, provider: Provider, make_provider: Callable[[], Provider], spec: SandboxSpec) -> None:
        async with self.running(provider, spec) as sandbox:
            assert [found.id for found in await provider.reattach(spec.host_id)] == [sandbox.id]
            assert await provider.reattach("contract-nobody") == []
            restarted = make_provider()
            found = await restarted.reattach(spec.host_id)
            assert [again.id for again in found] == ([sandbox.id] if self.survives_host else [])
            for again in found:
                assert (again.notebook_id, again.session_id) == (spec.notebook_id, spec.session_id)
                assert await again.exit_state() is None
                assert (await fetch_health(await again.connect(), spec.token)).protocol == PROTOCOL_VERSION
                await again.destroy()
                assert await sandbox.exit_state() is not None
            await restarted.aclose()
        assert await provider.reattach(spec.host_id) == []

    async def test_logs_are_there(self, provider: Provider, spec: SandboxSpec) -> None:
        async with self.running(provider, spec) as sandbox:
            assert await sandbox.logs(0) == ""
            assert len((await sandbox.logs(1)).splitlines()) <= 1

    async def test_cancelling_create_leaves_nothing(self, provider: Provider, spec: SandboxSpec) -> None:
        for seconds in (0.0, 0.05, 0.3):
            with anyio.move_on_after(seconds) as scope:
                sandbox = await provider.create(spec)
                await sandbox.destroy()
            assert scope.cancelled_caught
            assert await self.leftovers(provider, spec) == []

    async def test_a_missing_workspace_is_a_clear_error(self, provider: Provider, spec: SandboxSpec) -> None:
        if not isinstance(spec.workspace, BindWorkspace):
            pytest.skip("this provider mounts no host folder")
        missing = spec.workspace.source / "not there"
        with pytest.raises(SandboxError, match="not there"):
            await provider.create(replace(spec, workspace=BindWorkspace(missing)))
        assert not missing.exists()
        assert await self.leftovers(provider, spec) == []


_NETWORK = """
echo "devices: $(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | tr '\\n' ' ')"
python3 - <<'PYTHON'
import socket
for address in (("1.1.1.1", 443), ("169.254.169.254", 80), ("172.17.0.1", 22)):
    try:
        socket.create_connection(address, 2).close()
        print("REACHED", address)
    except OSError:
        print("CHECKED", address)
try:
    print("REACHED", socket.getaddrinfo("example.org", 80))
except OSError:
    print("CHECKED names")
PYTHON
"""
