"""One client connection of the scripted model, and what is remembered of its requests."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.abc
import h11

from jupyter_agent_host.scripted_model.conversation import Conversation, read_conversation
from jupyter_agent_host.scripted_model.script import Failure

_READ_BYTES = 64 * 1024
_HEADER_BYTES = 256 * 1024


@dataclass
class RecordedRequest:
    """One request, as it came. Header names are in lower case.

    `status` is 0 until the answer began; `finished` becomes True with its last byte, `broken` when the other
    side went away before.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    raw: bytes
    body: Any
    conversation: Conversation | None
    time: float = field(default_factory=time.time)
    status: int = 0
    finished: bool = False
    broken: bool = False


class Connection:
    """One client connection: h11 over a byte stream."""

    def __init__(self, stream: anyio.abc.ByteStream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADER_BYTES)

    async def read(self) -> RecordedRequest | None:
        """The next request with its body, None at the end of the connection."""
        head = await self._event()
        if not isinstance(head, h11.Request):
            return None
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
        return _recorded(head, bytes(body))

    async def _event(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            try:
                self._http.receive_data(await self._stream.receive(_READ_BYTES))
            except anyio.EndOfStream:
                self._http.receive_data(b"")
        return event

    async def attend(self, request: RecordedRequest, answer: Callable[[], Awaitable[None]]) -> None:
        """Run `answer`, and stop it as soon as the other side goes away."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, group.cancel_scope, request)
            try:
                await answer()
            except anyio.BrokenResourceError:
                request.broken = True
            group.cancel_scope.cancel()

    async def _watch(self, scope: anyio.CancelScope, request: RecordedRequest) -> None:
        try:
            while True:
                self._http.receive_data(await self._stream.receive(_READ_BYTES))
        except (anyio.EndOfStream, anyio.BrokenResourceError, h11.RemoteProtocolError):
            request.broken = True
            scope.cancel()

    def next(self) -> bool:
        """Make ready for another request; False if the connection ends here."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    async def start(self, request: RecordedRequest, status: int, kind: str, *extra: tuple[str, str]) -> None:
        request.status = status
        headers = [("content-type", kind), ("request-id", "req_scripted"), ("x-scripted-model", "1"), *extra]
        await self.send(h11.Response(status_code=status, headers=headers))

    async def send(self, event: Any) -> None:
        data = self._http.send(event)
        if data:
            await self._stream.send(data)

    async def send_whole(
        self, request: RecordedRequest, status: int, data: bytes, kind: str, *extra: tuple[str, str]
    ) -> None:
        await self.start(request, status, kind, ("content-length", str(len(data))), *extra)
        if request.method != "HEAD":
            await self.send(h11.Data(data=data))
        await self.finish(request)

    async def finish(self, request: RecordedRequest) -> None:
        request.finished = True  # before the last byte: whoever has read the answer finds it so
        await self.send(h11.EndOfMessage())

    async def send_json(self, request: RecordedRequest, value: dict[str, Any]) -> None:
        await self.send_whole(request, 200, json.dumps(value).encode(), "application/json")

    async def send_failure(self, request: RecordedRequest, failure: Failure) -> None:
        error = {"type": "error", "error": {"type": failure.type, "message": failure.message}}
        body = json.dumps(error) if failure.body is None else failure.body
        after = [] if failure.retry_after is None else [("retry-after", f"{failure.retry_after:g}")]
        await self.send_whole(request, failure.status, body.encode(), "application/json", *after)


def _recorded(head: h11.Request, raw: bytes) -> RecordedRequest:
    url = urlsplit(head.target.decode("ascii"))
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = None
    return RecordedRequest(
        method=head.method.decode("ascii"),
        path=url.path,
        query=url.query,
        headers={name.decode("ascii"): value.decode("latin-1") for name, value in head.headers},
        raw=raw,
        body=body,
        conversation=read_conversation(body) if isinstance(body, dict) else None,
    )
