"""Events over HTTP: one JSON object a line, blank lines as heartbeats, taken up again where a connection broke."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import httpx
import msgspec

from jupyter_agent_host.errors import AuthenticationError, ProtocolError, ServerUnreachableError
from jupyter_agent_host.protocol.events import EventRecord, TurnEnded, read_record
from jupyter_agent_host.protocol.host_api import EventsRequest

MAX_LINE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Patience:
    """How long an absent server is waited for. The default outlasts the 300 s for which a runner holds its requests."""

    give_up_seconds: float = 420.0
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0


class Opener(Protocol):
    """What opens one HTTP response of event lines: `KernelClient`."""

    def open_stream(self, request: EventsRequest) -> httpx.Response: ...


class HttpEventStream:
    """See `EventStream`. Each event is given once, in order, whatever breaks in between."""

    def __init__(self, opener: Opener, request: EventsRequest, patience: Patience) -> None:
        self._opener = opener
        self._request = request
        self._patience = patience
        self._after = request.after
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._response: httpx.Response | None = None
        self._was_connected = False
        self._lost_since: float | None = None
        self._records = self._follow()

    @property
    def connected(self) -> bool:
        """See `EventStream.connected`."""
        return self._lost_since is None

    def __iter__(self) -> Iterator[EventRecord]:
        return self

    def __next__(self) -> EventRecord:
        return next(self._records)

    def close(self) -> None:
        """See `EventStream.close`."""
        self._closed.set()
        with self._lock:
            if self._response is not None:
                _cut(self._response)

    def _follow(self) -> Iterator[EventRecord]:
        pause = self._patience.first_pause_seconds
        while not self._closed.is_set():
            try:
                for record in self._one_connection():
                    if record is None:
                        continue
                    pause = self._patience.first_pause_seconds
                    yield record
                    if self._is_last(record):
                        return
                self._lost("the server closed the stream")
            except (httpx.TransportError, httpx.StreamError, ProtocolError) as err:
                self._lost(type(err).__name__)
            except (AuthenticationError, ServerUnreachableError) as err:
                # A server that is just restarting may answer before it knows its kernels again.
                if not self._was_connected:
                    raise
                self._lost(str(err))
            self._closed.wait(pause)
            pause = min(pause * 2, self._patience.longest_pause_seconds)

    def _one_connection(self) -> Iterator[EventRecord | None]:
        """The new records of one response, and None for each heartbeat."""
        response = self._opener.open_stream(msgspec.structs.replace(self._request, after=self._after))
        with self._lock:
            self._response = response
        try:
            self._was_connected = True
            if self._closed.is_set():
                return
            for line in _lines(response):
                self._lost_since = None
                record = read_record(line) if line.strip() else None
                if record is None:
                    yield None
                elif record.number > self._after:
                    self._after = record.number
                    yield record
        finally:
            with self._lock:
                self._response = None
            response.close()

    def _is_last(self, record: EventRecord) -> bool:
        return (
            bool(self._request.turn_id)
            and record.turn_id == self._request.turn_id
            and isinstance(record.event, TurnEnded)
        )

    def _lost(self, reason: str) -> None:
        now = time.monotonic()
        if self._lost_since is None:
            self._lost_since = now
        if now - self._lost_since >= self._patience.give_up_seconds and not self._closed.is_set():
            raise ServerUnreachableError(
                f"The Jupyter server has been away for {now - self._lost_since:.0f} s ({reason}). The turn goes on "
                "there if it still runs: `%agent status` and `%agent history` will tell."
            )


def _lines(response: httpx.Response) -> Iterator[bytes]:
    """Split at LF alone: a JSON string may hold other line separators as they are."""
    kept = b""
    for chunk in response.iter_raw():
        *whole, kept = (kept + chunk).split(b"\n")
        yield from whole
        if len(kept) > MAX_LINE_BYTES:
            raise ProtocolError("An event line is too long to be one of ours.")


def _cut(response: httpx.Response) -> None:
    """Wake the thread that reads this response. Closing would free it under that thread's feet."""
    stream = response.extensions.get("network_stream")
    raw = stream.get_extra_info("socket") if stream is not None else None
    if isinstance(raw, socket.socket):
        with contextlib.suppress(OSError):
            # The plain socket's method: TLS would first take the reader's state away.
            socket.socket.shutdown(raw, socket.SHUT_RDWR)
