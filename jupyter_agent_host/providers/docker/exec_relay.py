"""Relays exec'd in the container, where no unix socket can be shared; some of them dialled ahead."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

import anyio
from anyio import Lock, to_thread
from anyio.abc import ByteStream

from jupyter_agent_host.container_engine.engine_errors import PROVIDER
from jupyter_agent_host.errors import SandboxGoneError
from jupyter_agent_host.providers.docker.hijacked_streams import THREADS, close_socket, wrap_socket

_CHUNK = 64 * 1024
_HEADER_BYTES = 8
_STDOUT = 1
_AHEAD_BYTES = 1024 * 1024


class RelayStream(ByteStream):
    """One relay: what is sent is its standard input, what is received its standard output.

    The engine frames output as an 8-byte header (stream number, three zeros, length) and that many bytes. What the
    relay writes to standard error is dropped: an end without output says the same.

    An engine keeps a connection open, unread, when its relay is over. Only the end of output tells; so whoever sends
    while nobody receives reads ahead, up to a limit, and a send to a relay that is over fails instead of waiting.
    """

    def __init__(self, raw: ByteStream) -> None:
        self._raw = raw
        self._buffer = bytearray()
        self._left = 0
        self._wanted = False
        self._ended = False
        self._reading = Lock()

    async def receive(self, max_bytes: int = _CHUNK) -> bytes:
        async with self._reading:
            while not (data := self._next_data(max_bytes)):
                await self._read_more()
            return data

    async def send(self, item: bytes) -> None:
        if self._reading.locked():
            failure = await self._try_send(item)
        else:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._read_ahead)
                failure = await self._try_send(item)
                tasks.cancel_scope.cancel()
        if failure is not None:
            raise (anyio.BrokenResourceError if self._ended else type(failure)) from failure

    async def send_eof(self) -> None:
        await self._raw.send_eof()

    async def aclose(self) -> None:
        await self._raw.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._raw.extra_attributes

    def _next_data(self, max_bytes: int) -> bytes:
        """The next payload of standard output that is buffered already."""
        while self._buffer:
            if not self._left:
                if len(self._buffer) < _HEADER_BYTES:
                    break
                self._wanted = self._buffer[0] == _STDOUT
                self._left = int.from_bytes(self._buffer[4:_HEADER_BYTES], "big")
                del self._buffer[:_HEADER_BYTES]
                continue
            taken = bytes(self._buffer[: min(max_bytes if self._wanted else _CHUNK, self._left)])
            del self._buffer[: len(taken)]
            self._left -= len(taken)
            if taken and self._wanted:
                return taken
        return b""

    async def _read_more(self) -> None:
        if self._ended:
            raise anyio.EndOfStream
        try:
            self._buffer += await self._raw.receive(_CHUNK)
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            self._ended = True
            await self._raw.aclose()
            raise

    async def _read_ahead(self) -> None:
        while len(self._buffer) < _AHEAD_BYTES:
            async with self._reading:
                try:
                    await self._read_more()
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    return

    async def _try_send(self, item: bytes) -> Exception | None:
        try:
            await self._raw.send(item)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError) as err:
            return err
        return None


class RelayPool:
    """Relays of one sandbox, some of them dialled ahead: starting one costs more than a warm turn.

    Spares are dialled by two threads of the pool's own. `close` ends these and all spares; streams handed out before
    belong to their holders.
    """

    def __init__(self, dial: Callable[[], Any], spares: int) -> None:
        """`dial` blocks until one relay is connected and gives its socket; it raises errors of our tree."""
        self._dial = dial
        self._spares = spares
        self._ready: deque[Future[Any]] = deque()
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._closed = False

    async def connect(self) -> ByteStream:
        """A stream to the runner; a spare if a live one is ready.

        Raises:
            SandboxGoneError: the sandbox ended, or the pool is closed.
        """
        spare_allowed = True
        while True:
            future, was_spare = self._take(spare_allowed)
            spare_allowed = False
            try:
                raw = await to_thread.run_sync(future.result, abandon_on_cancel=True, limiter=THREADS)
            except anyio.get_cancelled_exc_class():
                self._give_back(future)
                raise
            except CancelledError as err:
                raise SandboxGoneError("The sandbox is being removed.", provider=PROVIDER) from err
            except SandboxGoneError:
                if was_spare:
                    continue
                raise
            if was_spare and not _quiet(raw):
                close_socket(raw)
                continue
            return RelayStream(await wrap_socket(raw))

    def warm(self) -> None:
        """Start dialling spares."""
        with self._lock:
            self._fill()

    def close(self) -> None:
        """End the spares. Idempotent; does not wait."""
        with self._lock:
            self._closed = True
            spares, self._ready = list(self._ready), deque()
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)
        for future in spares:
            future.add_done_callback(_close_result)

    def _take(self, spare_allowed: bool) -> tuple[Future[Any], bool]:
        with self._lock:
            if self._closed:
                raise SandboxGoneError("The sandbox is being removed.", provider=PROVIDER)
            spare = spare_allowed and bool(self._ready)
            future = self._ready.popleft() if spare else self._submit()
            self._fill()
            return future, spare

    def _give_back(self, future: Future[Any]) -> None:
        with self._lock:
            if not self._closed:
                self._ready.appendleft(future)
                return
        future.add_done_callback(_close_result)

    def _fill(self) -> None:
        while not self._closed and len(self._ready) < self._spares:
            self._ready.append(self._submit())

    def _submit(self) -> Future[Any]:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(2, thread_name_prefix="agent-host-relay")
        return self._executor.submit(self._dial)


def _close_result(future: Future[Any]) -> None:
    if not future.cancelled() and future.exception() is None:
        close_socket(future.result())


def _quiet(raw: Any) -> bool:
    """Whether a spare still lives: a runner never speaks first, so any byte or end means that its relay failed."""
    if type(raw) is not socket.socket:
        return True
    try:
        raw.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
