"""Byte streams through the engine: a relay exec'd in the container, where no unix socket can be shared."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread
from anyio.abc import ByteStream, SocketStream, UNIXSocketStream

from jupyter_agent_host.errors import SandboxGoneError
from jupyter_agent_host.providers.docker_errors import PROVIDER

_CHUNK = 64 * 1024
_HEADER_BYTES = 8
_STDOUT = 1
_THREADS = CapacityLimiter(64)


def independent_socket(hijacked: Any) -> Any:
    """The connection that docker-py hijacked, freed of the HTTP response that would close it when collected.

    Plain sockets are duplicated; TLS and SSH ones cannot be, and keep their response alive instead.
    """
    inner = getattr(hijacked, "_sock", hijacked)
    if type(inner) is not socket.socket:
        return hijacked
    own = inner.dup()
    own.settimeout(None)
    response = getattr(hijacked, "_response", None)
    if response is not None:
        response.close()
    hijacked.close()
    return own


async def wrap_socket(raw: Any) -> ByteStream:
    """An anyio stream over what `independent_socket` gave."""
    if type(raw) is socket.socket:
        if raw.family == socket.AF_UNIX:
            return await UNIXSocketStream.from_socket(raw)
        return await SocketStream.from_socket(raw)
    return ThreadedStream(raw)


class ThreadedStream(ByteStream):
    """A blocking socket-like object (TLS, SSH channel) as a stream; each wait occupies a thread."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._closed = False

    async def receive(self, max_bytes: int = _CHUNK) -> bytes:
        if self._closed:
            raise anyio.ClosedResourceError
        try:
            data = await to_thread.run_sync(self._raw.recv, max_bytes, abandon_on_cancel=True, limiter=_THREADS)
        except OSError as err:
            raise (anyio.ClosedResourceError if self._closed else anyio.BrokenResourceError) from err
        if not data:
            raise anyio.EndOfStream
        return bytes(data)

    async def send(self, item: bytes) -> None:
        if self._closed:
            raise anyio.ClosedResourceError
        try:
            await to_thread.run_sync(self._raw.sendall, item, limiter=_THREADS)
        except OSError as err:
            raise anyio.BrokenResourceError from err

    async def send_eof(self) -> None:
        _shutdown(self._raw, socket.SHUT_WR)

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            _shutdown(self._raw, socket.SHUT_RDWR)
            self._raw.close()


class RelayStream(ByteStream):
    """One relay: what is sent is its standard input, what is received its standard output.

    The engine frames output as an 8-byte header (stream number, three zeros, length) and that many bytes. What the
    relay writes to standard error is dropped: an end without output says the same.
    """

    def __init__(self, raw: ByteStream) -> None:
        self._raw = raw
        self._buffer = bytearray()
        self._left = 0
        self._wanted = False

    async def receive(self, max_bytes: int = _CHUNK) -> bytes:
        while True:
            if self._left and self._buffer:
                taken = bytes(self._buffer[: min(max_bytes, self._left)])
                if self._wanted:
                    del self._buffer[: len(taken)]
                    self._left -= len(taken)
                    return taken
                dropped = min(self._left, len(self._buffer))
                del self._buffer[:dropped]
                self._left -= dropped
            elif not self._left and len(self._buffer) >= _HEADER_BYTES:
                self._wanted = self._buffer[0] == _STDOUT
                self._left = int.from_bytes(self._buffer[4:_HEADER_BYTES], "big")
                del self._buffer[:_HEADER_BYTES]
            else:
                self._buffer += await self._raw.receive(_CHUNK)

    async def send(self, item: bytes) -> None:
        await self._raw.send(item)

    async def send_eof(self) -> None:
        await self._raw.send_eof()

    async def aclose(self) -> None:
        await self._raw.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._raw.extra_attributes


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
        self._lock = Lock()
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
                raw = await to_thread.run_sync(future.result, abandon_on_cancel=True, limiter=_THREADS)
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
                raw.close()
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
        future.result().close()


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


def _shutdown(raw: Any, how: int) -> None:
    try:
        raw.shutdown(how)
    except OSError:
        return  # the other side was faster
