"""Listening on the unix socket until the end of the process."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from jupyter_agent_host.protocol.limits import MAX_FRAME_BYTES
from jupyter_agent_host.protocol.runner_start import RunnerStart
from jupyter_agent_host.runner.connection.caller_authentication import OutsidePeerProtocol
from jupyter_agent_host.runner.http_app import make_app
from jupyter_agent_host.runner.runner import Runner, running

logger = logging.getLogger(__name__)

_BACKLOG = 128
_SIGNAL_DRAIN_SECONDS = 5.0


def bind(path: str) -> socket.socket:
    """Listen at `path`, open to every user: the folder above decides who reaches it.

    The path appears only when connections are accepted, so that whoever sees it can dial at once.

    Raises:
        OSError: the path cannot be used.
    """
    unfinished = f"{path}~"
    Path(unfinished).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0)
    try:
        listener.bind(unfinished)
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    Path(unfinished).rename(path)
    return listener


async def serve(start: RunnerStart) -> None:
    """Serve until the host says `Shutdown`, or on SIGTERM."""
    listener = bind(start.socket_path)
    logger.info("listening")
    async with running(start) as runner, anyio.create_task_group() as tasks:
        server = _Server(_config(runner))
        tasks.start_soon(_stop_on_signal, runner)
        tasks.start_soon(_stop_when_done, runner, server)
        await server.serve(sockets=[listener])
        tasks.cancel_scope.cancel()


def _config(runner: Runner) -> uvicorn.Config:
    return uvicorn.Config(
        make_app(runner),
        http=OutsidePeerProtocol if runner.start.require_outside_peer else H11Protocol,
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals end the sessions first, so uvicorn does not get them."""
        yield


async def _stop_on_signal(runner: Runner) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for received in signals:
            logger.info("signal %d: closing", received)
            runner.shut_down(_SIGNAL_DRAIN_SECONDS)


async def _stop_when_done(runner: Runner, server: uvicorn.Server) -> None:
    await runner.stopped.wait()
    server.should_exit = True


def log_to_stderr() -> None:
    """Plain lines. No module of the runner logs a secret, a prompt or an answer."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("claude_agent_sdk").setLevel(logging.CRITICAL)
