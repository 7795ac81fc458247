"""The runner as one object: its outbox, its way out, its sessions, and the one host that it serves."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast
from uuid import uuid4

import anyio
import anyio.to_thread
import claude_agent_sdk
from anyio.abc import TaskGroup
from claude_agent_sdk import SessionStore
from claude_agent_sdk._cli_version import __cli_version__

from jupyter_agent_host.protocol.control import AnyHostFrame, Hello, RunnerFrame, Status
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.protocol.runner_http import Health
from jupyter_agent_host.protocol.runner_start import RunnerStart
from jupyter_agent_host.runner.connection.control_connection import ControlConnection
from jupyter_agent_host.runner.connection.egress_proxy import WayOut, open_listener
from jupyter_agent_host.runner.connection.host_tool_calls import HostTools
from jupyter_agent_host.runner.connection.outbox import Outbox
from jupyter_agent_host.runner.connection.transcript_uploads import Uploads
from jupyter_agent_host.runner.connection.workspace_sync import WorkspaceGate
from jupyter_agent_host.runner.host_commands import Commands
from jupyter_agent_host.runner.sdk.outbox_session_store import OutboxStore
from jupyter_agent_host.runner.session.sdk_session import SessionServices
from jupyter_agent_host.runner.session.session_registry import Sessions
from jupyter_agent_host.version import __version__

logger = logging.getLogger(__name__)

_DRAIN_SECONDS = 60.0


class Runner:
    """Made by `running`. `stopped` is set once everything is closed and acknowledged, or after a minute of waiting."""

    def __init__(self, start: RunnerStart, way_out_port: int, tasks: TaskGroup) -> None:
        self.start = start
        self.incarnation = uuid4().hex
        self.outbox = Outbox(start.outbox_bytes, self._poke)
        self.way_out = WayOut(start.hold_seconds, self._poke, lambda: self._control is not None)
        self.uploads = Uploads()
        self.stopped = anyio.Event()
        self._stopping = False
        self._tasks = tasks
        self._control: ControlConnection | None = None
        self._workspace = WorkspaceGate(self._send)
        self._host_tools = HostTools(self._send)
        services = SessionServices(
            start=start,
            outbox=self.outbox,
            store=cast("SessionStore", OutboxStore(self.outbox, self.uploads)),
            workspace=self._workspace,
            host_tools=self._host_tools,
            way_out_port=way_out_port,
            changed=self._status_changed,
        )
        self.sessions = Sessions(services, self.uploads, tasks)
        self._commands = Commands(self.sessions, self._workspace, self._host_tools, tasks, self.shut_down)

    # -- the host -------------------------------------------------------------------------------------------------

    def hello(self) -> Hello:
        """The first frame of each control connection."""
        return Hello(
            protocol=PROTOCOL_VERSION,
            runner_version=__version__,
            sdk_version=SDK_VERSION,
            cli_version=CLI_VERSION,
            incarnation=self.incarnation,
            outbox_first=self.outbox.first,
            outbox_last=self.outbox.last,
            sessions=self.sessions.statuses,
        )

    def status(self) -> Status:
        """All sessions' state now."""
        return Status(sessions=self.sessions.statuses)

    async def health(self) -> Health:
        """The answer to `GET /healthz`."""
        rss_bytes, pids = await anyio.to_thread.run_sync(usage)
        nonce = await anyio.to_thread.run_sync(mount_nonce, self.start.socket_path)
        return Health(
            protocol=PROTOCOL_VERSION,
            runner_version=__version__,
            sdk_version=SDK_VERSION,
            cli_version=CLI_VERSION,
            incarnation=self.incarnation,
            mount_nonce=nonce,
            outbox_items=len(self.outbox),
            outbox_bytes=self.outbox.size_bytes,
            host_connected=self._control is not None,
            rss_bytes=rss_bytes,
            pids=pids,
            sessions=self.sessions.statuses,
        )

    def attach(self, connection: ControlConnection) -> None:
        """This is the host now; an older connection ends, and with it what was carried for it."""
        if self._control is not None:
            self._control.replace()
            self._host_left()
        self._control = connection
        self._host_tools.host_came()
        logger.info("host connected")

    def detach(self, connection: ControlConnection) -> None:
        """The connection ended. Idempotent; no effect for one that was replaced."""
        if self._control is connection:
            self._control = None
            self._host_left()
            logger.info("host disconnected")

    def take(self, frame: AnyHostFrame, connection: ControlConnection) -> None:
        """One command. Its answer goes to the connection it came from."""
        self._commands.take(frame, connection.answer)

    def shut_down(self, drain_seconds: float = _DRAIN_SECONDS) -> None:
        """Begin the end: close all sessions, let the host take the outbox, then set `stopped`. Idempotent."""
        if not self._stopping:
            self._stopping = True
            self._tasks.start_soon(self._stop, drain_seconds)

    async def _stop(self, drain_seconds: float) -> None:
        await self.sessions.close_all()
        with anyio.move_on_after(drain_seconds) as scope:
            await self.outbox.drained()
        if scope.cancelled_caught:
            logger.warning("ending with %d items that no host acknowledged", len(self.outbox))
        self.stopped.set()

    def _host_left(self) -> None:
        self.way_out.cut()
        self._workspace.host_left()

    def _send(self, frame: RunnerFrame) -> bool:
        if self._control is None:
            return False
        self._control.answer(frame)
        return True

    def _poke(self) -> None:
        if self._control is not None:
            self._control.poke()

    def _status_changed(self) -> None:
        if self._control is not None:
            self._control.status_changed()


@asynccontextmanager
async def running(start: RunnerStart) -> AsyncIterator[Runner]:
    """A runner with its way out open. Leaving the block cancels everything that still runs."""
    listener, port = await open_listener()
    async with listener, anyio.create_task_group() as tasks:
        runner = Runner(start, port, tasks)
        tasks.start_soon(runner.way_out.serve, listener)
        try:
            yield runner
        finally:
            tasks.cancel_scope.cancel()


SDK_VERSION: str = claude_agent_sdk.__version__
CLI_VERSION: str = __cli_version__
_MAX_NONCE = 256


def mount_nonce(socket_path: str) -> str:
    """The content of `.nonce` beside the socket, "" if there is none: proof of a shared folder."""
    try:
        return (Path(socket_path).parent / ".nonce").read_bytes()[:_MAX_NONCE].decode("ascii", "replace").strip()
    except OSError:
        return ""


def usage() -> tuple[int, int]:
    """Resident bytes and number of processes: this one and all that descend from it (proc(5))."""
    children = defaultdict(list)
    rss: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:
                continue  # it ended while we looked
            children[int(fields[1])].append(int(folder.name))
            rss[int(folder.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    ours = [os.getpid()]
    for pid in ours:
        ours.extend(children[pid])
    return sum(rss.get(pid, 0) for pid in ours), len(ours)
