"""One child process: spawned with its start line on stdin, watched, its last words kept.

Everything runs in callbacks of the event loop, so nothing has to be awaited for the child's output to be drained.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import cast

import anyio

from jupyter_agent_host.errors import SandboxStartError

_KEPT_BYTES = 256 * 1024


class Child:
    """A running or ended child. Its standard output and error are kept, the last 256 KiB of them."""

    def __init__(self, transport: asyncio.SubprocessTransport, watcher: _Watcher) -> None:
        self._transport = transport
        self._watcher = watcher
        self.pid = transport.get_pid()

    @classmethod
    async def spawn(cls, argv: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Start `argv` in a session of its own with exactly this environment. Its standard input waits for `feed`.

        The event loop's thread is the parent, so a parent-death signal means that this thread ended.

        Raises:
            SandboxStartError: the program cannot be started. Cancelling leaves no process.
        """
        loop = asyncio.get_running_loop()
        try:
            transport, watcher = await loop.subprocess_exec(
                _Watcher,
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(environment),
                cwd="/",
                start_new_session=True,
            )
        except OSError as err:
            raise SandboxStartError(f"{argv[0]} cannot be started: {err.strerror}") from err
        return cls(transport, watcher)

    def feed(self, data: bytes) -> None:
        """Write this to its standard input and close that. To be called once."""
        pipe = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        pipe.write(data)
        pipe.close()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 plus the signal's number if a signal ended it."""
        code = self._transport.get_returncode()
        return 128 - code if code is not None and code < 0 else code

    def tail(self, lines: int) -> str:
        """The last lines it wrote, oldest first."""
        text = b"".join(self._watcher.kept).decode(errors="replace")
        return "".join(text.splitlines(keepends=True)[-lines:]) if lines > 0 else ""

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to this one process. No effect once it ended."""
        with suppress(ProcessLookupError):
            self._transport.send_signal(number)

    def send_signal_group(self, number: signal.Signals) -> None:
        """Send a signal to every process of its group. No effect when there is none."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    async def wait(self, timeout_seconds: float) -> bool:
        """Wait until it ended; False if it still runs after that time."""
        with anyio.move_on_after(timeout_seconds):
            await self._watcher.exited.wait()
        return self._watcher.exited.is_set()

    def close(self) -> None:
        """Kill it if it still runs, and let go of its pipes. Idempotent."""
        self._transport.close()


class _Watcher(asyncio.SubprocessProtocol):
    def __init__(self) -> None:
        self.exited = asyncio.Event()
        self.kept: deque[bytes] = deque()
        self._kept_bytes = 0

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - asyncio's signature
        self.kept.append(data)
        self._kept_bytes += len(data)
        while self._kept_bytes > _KEPT_BYTES and len(self.kept) > 1:
            self._kept_bytes -= len(self.kept.popleft())

    def process_exited(self) -> None:
        self.exited.set()
