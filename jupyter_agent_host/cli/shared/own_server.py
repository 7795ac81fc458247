"""A Jupyter server of our own, on loopback, for as long as one command needs it."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir

from jupyter_agent_host.cli.shared.running_servers import JupyterServer
from jupyter_agent_host.errors import ServerUnreachableError

_START_SECONDS = 60.0
_STOP_SECONDS = 40.0
_LOG_TAIL_BYTES = 2000


@contextmanager
def own_server(root_dir: Path, *, config: Mapping[str, Any] | None = None) -> Iterator[JupyterServer]:
    """Run a headless Jupyter server with our extension, on a free port of the loopback, until the block ends.

    `config` is added to the user's own configuration and wins over it.

    Raises:
        ServerUnreachableError: it did not start; the message holds the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="agent-host-") as folder:
        environ = write_config(
            Path(folder),
            {
                **(config or {}),
                "ServerApp": {
                    "root_dir": str(root_dir),
                    "ip": "127.0.0.1",
                    "port": 0,
                    "open_browser": False,
                    "allow_root": True,
                    "jpserver_extensions": {"jupyter_agent_host": True},
                },
                "IdentityProvider": {"token": secrets.token_hex(24)},
            },
        )
        log = Path(folder) / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_server"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environ,
                cwd=folder,
            )
        try:
            yield wait_until_up(process, log)
        finally:
            stop_process(process)


def write_config(folder: Path, config: Mapping[str, Any]) -> dict[str, str]:
    """Put a configuration, which may hold a token, into a private folder; the environment that makes Jupyter read it.

    Neither argv nor environment holds the token: kernels would inherit the one, everybody reads the other.
    """
    path = folder / "jupyter_server_config.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config), encoding="utf-8")
    earlier = os.environ.get("JUPYTER_CONFIG_PATH")
    return {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join([str(folder), *([earlier] if earlier else [])])}


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, with its kernels and sandboxes; make it end when it does not."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_up(process: subprocess.Popen[bytes], log: Path) -> JupyterServer:
    """The server of that process, once it answers for itself.

    Raises:
        ServerUnreachableError: it did not start; the message holds the end of its log.
    """
    info_file = Path(jupyter_runtime_dir()) / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerUnreachableError(f"The Jupyter server did not start:\n{_tail(log)}")
        info = _read(info_file)
        if info and _listens(info["port"]):
            return JupyterServer(url=info["url"], root_dir=info["root_dir"], token=info["token"])
        time.sleep(0.05)
    raise ServerUnreachableError(f"The Jupyter server did not start within {_START_SECONDS:g} s:\n{_tail(log)}")


def _listens(port: int) -> bool:
    """Whether somebody takes connections on that port of the loopback: a server tells its address a moment before."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _read(path: Path) -> dict[str, Any]:
    try:
        info: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return {}
    return info


def _tail(log: Path) -> str:
    return log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()
