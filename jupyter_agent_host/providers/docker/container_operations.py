"""The blocking conversations with the engine about one container. Run in threads; all errors are of our own tree."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import docker.errors
from docker import APIClient

from jupyter_agent_host.container_engine.engine_errors import PROVIDER, translated
from jupyter_agent_host.errors import SandboxGoneError
from jupyter_agent_host.image.image_layout import RELAY_COMMAND, SOCKET_PATH
from jupyter_agent_host.providers.docker.hijacked_streams import close_socket, independent_socket
from jupyter_agent_host.sandbox.spec import ExitState, SandboxStats

_KILLED = 137
_NOT_RUNNING = "container state improper"  # Podman's, with status 500
_LISTENS = ("test", "-S", SOCKET_PATH)
# Bounded, since an exec outlives a caller that gave up.
_AWAIT_SOCKET = 'i=0; until [ -S "$0" ] || [ $i -ge 3000 ]; do sleep 0.02; i=$((i+1)); done'


def start_with_line(client: APIClient, container: str, line: bytes) -> None:
    """Start a created container and give it one line of standard input, which the engine records nowhere."""
    with translated("start the sandbox"):
        attached = independent_socket(client.attach_socket(container, params={"stdin": 1, "stream": 1}))
        try:
            client.start(container)
            attached.sendall(line)
        except OSError as err:
            if isinstance(err, docker.errors.DockerException):
                raise
            raise SandboxGoneError("The sandbox ended before it read its orders.", provider=PROVIDER) from err
        finally:
            close_socket(attached)


def dial_relay(client: APIClient, container: str) -> Any:
    """Start one relay inside; its connection."""
    with translated("run a relay in the sandbox"):
        try:
            made = client.exec_create(container, [*RELAY_COMMAND, SOCKET_PATH], stdin=True, stdout=True, stderr=True)
            return independent_socket(client.exec_start(made["Id"], socket=True))
        except docker.errors.APIError as err:
            raise _gone_if_stopped(err) from err


def listens_inside(client: APIClient, container: str) -> bool:
    """Whether the runner's socket exists, as seen from inside."""
    return _run_inside(client, container, _LISTENS) == 0


def await_socket_inside(client: APIClient, container: str) -> None:
    """Wait, inside, until the runner's socket exists; at most a minute, or until the sandbox ends."""
    _run_inside(client, container, ("sh", "-c", _AWAIT_SOCKET, SOCKET_PATH))


def _run_inside(client: APIClient, container: str, command: tuple[str, ...]) -> int | None:
    with translated("look into the sandbox"):
        try:
            made = client.exec_create(container, list(command), stdin=False)
            client.exec_start(made["Id"])
            code: int | None = client.exec_inspect(made["Id"])["ExitCode"]
        except docker.errors.APIError as err:
            raise _gone_if_stopped(err) from err
        return code


def _gone_if_stopped(err: docker.errors.APIError) -> Exception:
    stopped = err.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT) or _NOT_RUNNING in str(err.explanation)
    if stopped:
        return SandboxGoneError("The sandbox is not running any more.", provider=PROVIDER)
    kept: Exception = err
    return kept


def read_exit_state(client: APIClient, container: str, *, podman: bool) -> ExitState | None:
    """None while it runs or before it started."""
    with translated("inspect the sandbox"):
        try:
            state: Mapping[str, Any] = client.inspect_container(container)["State"]
        except docker.errors.NotFound:
            return ExitState(None, detail="the container was removed")
    if state.get("Running") or state.get("Status") in ("created", "initialized", "configured", "running", "paused"):
        return None
    code = int(state.get("ExitCode", -1))
    # An engine also sets OOMKilled when only a child of the runner was killed, long before another end.
    oom_killed = code == _KILLED and bool(state.get("OOMKilled"))
    detail = str(state.get("Error") or "")
    if podman and code == _KILLED and not oom_killed:
        detail = detail or "killed (137), most likely at its memory limit: Podman does not tell"
    return ExitState(code, oom_killed=oom_killed, detail=detail)


def read_logs(client: APIClient, container: str, tail: int) -> str:
    """The last lines of both outputs; "" once the container is gone."""
    with translated("read the sandbox's log"):
        try:
            return bytes(client.logs(container, tail=tail)).decode(errors="replace")
        except docker.errors.NotFound:
            return ""


def read_stats(client: APIClient, container: str) -> SandboxStats:
    """One sample, without the second that engines take to compute rates."""
    with translated("measure the sandbox"):
        try:
            sample: Mapping[str, Any] = client.stats(container, stream=False, one_shot=True)
        except docker.errors.NotFound:
            return SandboxStats()
    memory, cpu = sample.get("memory_stats") or {}, sample.get("cpu_stats") or {}
    if "usage" not in memory:
        return SandboxStats()
    details = memory.get("stats") or {}
    cache = int(details.get("total_inactive_file", details.get("inactive_file", 0)))
    return SandboxStats(
        mem_bytes=max(0, int(memory["usage"]) - cache),
        cpu_seconds=int((cpu.get("cpu_usage") or {}).get("total_usage", 0)) / 1e9,
        pids=(sample.get("pids_stats") or {}).get("current"),
    )


def remove_container(client: APIClient, container: str) -> None:
    """Kill and remove. Idempotent, also while another removal is under way."""
    with translated("remove the sandbox"):
        try:
            client.remove_container(container, force=True, v=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as err:
            if err.status_code != HTTPStatus.CONFLICT:
                raise
            _wait_removed(client, container)


def _wait_removed(client: APIClient, container: str) -> None:
    try:
        client.wait(container, condition="removed", timeout=30)
    except docker.errors.NotFound:
        return
