"""One turn over HTTP: a prompt whose response streams its acceptance, its events, and how the notebook stands after it.

Where the connection breaks before the acceptance arrived, the prompt is sent again with the same idempotency key, so
that the server takes it once. Where it breaks later, the events are asked for from the last one on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from secrets import token_hex
from typing import Protocol

import httpcore
import msgspec

from jupyter_agent_host.client.agent_client import TurnItem
from jupyter_agent_host.client.event_stream import HttpEventStream, Patience
from jupyter_agent_host.client.failure_errors import decode_answer
from jupyter_agent_host.client.transport import BROKEN, NOT_SENT, cut, lines
from jupyter_agent_host.errors import AuthenticationError, ProtocolError, ServerUnreachableError
from jupyter_agent_host.protocol.events import EventRecord, TurnEnded, read_record
from jupyter_agent_host.protocol.host_api import (
    Answer,
    EventsRequest,
    NotebookInfo,
    PromptAccepted,
    PromptRequest,
    Request,
    Simple,
    TurnStreamEnd,
)

VERB = "turn"
_CONNECT_SECONDS = 2.0
"""A server that never answered is not waited for longer."""


class TurnClient(Protocol):
    """What sends: `KernelClient`."""

    def call(self, verb: str, request: Request) -> Answer: ...
    def open_stream(self, request: EventsRequest) -> httpcore.Response: ...
    def send_once(self, verb: str, request: Request) -> tuple[httpcore.Response, str]: ...
    def check_refusal(self, response: httpcore.Response, nonce: str) -> None: ...
    def check_first_line(self, response: httpcore.Response, nonce: str, line: bytes) -> None: ...
    def check_last_line(self, nonce: str, line: bytes, signature: str) -> None: ...
    def unreachable(self) -> ServerUnreachableError: ...


class HttpTurnStream:
    """See `TurnStream`."""

    def __init__(self, client: TurnClient, request: PromptRequest, patience: Patience) -> None:
        self._client = client
        self._request = msgspec.structs.replace(request, idempotency_key=request.idempotency_key or token_hex(16))
        self._patience = patience
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._response: httpcore.Response | None = None
        self._resumed: HttpEventStream | None = None
        self._lost = False
        self._ended = False
        self._after = 0
        self._items = self._follow()

    @property
    def connected(self) -> bool:
        """See `TurnStream.connected`."""
        return not self._lost and (self._resumed is None or self._resumed.connected)

    def __iter__(self) -> Iterator[TurnItem]:
        return self

    def __next__(self) -> TurnItem:
        return next(self._items)

    def close(self) -> None:
        """See `TurnStream.close`."""
        self._closed.set()
        with self._lock:
            if self._resumed is not None:
                self._resumed.close()
            if self._response is not None:
                cut(self._response)

    def _follow(self) -> Iterator[TurnItem]:
        opened = self._open()
        if opened is None:
            return
        accepted, nonce, rest = opened
        self._after = accepted.after
        yield accepted
        try:
            yield from self._rest(accepted.turn_id, nonce, rest)
        except (*BROKEN, ProtocolError):
            self._lost = True  # gone on with below
        finally:
            self._release()
        if not self._ended:
            yield from self._resume(accepted)
        elif self._lost and not self._closed.is_set():
            info = self._client.call("status", Simple(path=self._request.path))
            if isinstance(info, NotebookInfo):
                yield info

    def _open(self) -> tuple[PromptAccepted, str, Iterator[bytes]] | None:
        """Send the prompt until the server accepted it or refused. None when the stream was closed meanwhile."""
        pause, began, sent = self._patience.first_pause_seconds, time.monotonic(), False
        while not self._closed.is_set():
            try:
                return self._open_once(again=sent)
            except NOT_SENT as err:
                if not sent and time.monotonic() - began >= _CONNECT_SECONDS:
                    raise self._client.unreachable() from err
                error: Exception = err
            except BROKEN as err:
                sent, error = True, err
            except (AuthenticationError, ServerUnreachableError) as err:
                if not sent:
                    raise
                error = err  # a server that is just restarting may answer before it knows its kernels again
            self._release()
            self._lost = sent
            if time.monotonic() - began >= self._patience.give_up_seconds:
                raise ServerUnreachableError(
                    f"The Jupyter server broke off before it answered ({type(error).__name__}) and has not come back. "
                    "It may have taken the prompt: `%agent history` will tell."
                ) from error
            self._closed.wait(pause)
            pause = min(pause * 2, self._patience.longest_pause_seconds)
        return None

    def _open_once(self, *, again: bool) -> tuple[PromptAccepted, str, Iterator[bytes]]:
        request = msgspec.structs.replace(self._request, again=True) if again else self._request
        response, nonce = self._client.send_once(VERB, request)
        with self._lock:
            self._response = response
        try:
            self._client.check_refusal(response, nonce)
            rest = lines(response)
            first = next(rest, b"")
            if not first:
                raise httpcore.RemoteProtocolError("the stream ended before it began")  # noqa: TRY301 - as a cut one
            self._client.check_first_line(response, nonce, first)
        except BaseException:
            self._release()
            raise
        self._lost = False
        return decode_answer(first, PromptAccepted), nonce, rest

    def _rest(self, turn_id: str, nonce: str, rest: Iterator[bytes]) -> Iterator[EventRecord | NotebookInfo]:
        told = False
        for line in rest:
            if not line.strip() or told:
                continue
            if self._ended:
                end = decode_answer(line, TurnStreamEnd)
                self._client.check_last_line(nonce, bytes(end.info), end.signature)
                yield decode_answer(bytes(end.info), NotebookInfo)
                told = True
                continue
            record = read_record(line)
            if record.number > self._after:
                self._after = record.number
                self._ended = record.turn_id == turn_id and isinstance(record.event, TurnEnded)
                yield record
        self._lost = not told

    def _resume(self, accepted: PromptAccepted) -> Iterator[EventRecord | NotebookInfo]:
        """Take the events up where they broke off."""
        wanted = EventsRequest(after=self._after, turn_id=accepted.turn_id, path=self._request.path)
        with self._lock:
            self._resumed = HttpEventStream(self._client, wanted, self._patience, was_connected=True)
            self._lost = False
        if self._closed.is_set():
            return
        yield from self._resumed
        if not self._closed.is_set():
            info = self._client.call("status", Simple(path=self._request.path))
            if isinstance(info, NotebookInfo):
                yield info

    def _release(self) -> None:
        with self._lock:
            response, self._response = self._response, None
        if response is not None:
            response.close()
