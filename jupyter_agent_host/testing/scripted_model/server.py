"""The scripted model as an HTTP server on loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, final
from urllib.parse import urlsplit

import anyio
import anyio.abc
import anyio.from_thread
import h11
from anyio.abc import SocketAttribute

from jupyter_agent_host.testing.scripted_model.conversation import Conversation, read_conversation
from jupyter_agent_host.testing.scripted_model.message import Message, estimate_tokens, events, make_message
from jupyter_agent_host.testing.scripted_model.rules import Rules
from jupyter_agent_host.testing.scripted_model.script import Failure, Reply, Script, load_script

MESSAGES = "/v1/messages"
COUNT_TOKENS = "/v1/messages/count_tokens"
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


@final
class ScriptedModel:
    """Speaks the Messages API from a script, on a free loopback port (or on `port`).

    `async with ScriptedModel(script) as model:` serves until the block ends; `model.url` is the base URL. `requests`
    holds every request in the order of arrival and may be read from any thread.
    """

    def __init__(self, script: Script | dict[str, Any] | str | Path, *, port: int = 0) -> None:
        self.script = load_script(script)
        self.requests: list[RecordedRequest] = []
        self.url = ""
        self._port = port
        self._rules = Rules(self.script)
        self._running = AsyncExitStack()

    @property
    def messages(self) -> list[RecordedRequest]:
        """The requests for a message, without `count_tokens` and the rest."""
        return [request for request in self.requests if request.path == MESSAGES]

    async def __aenter__(self) -> ScriptedModel:
        async with AsyncExitStack() as stack:
            listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=self._port)
            stack.push_async_callback(listener.aclose)
            self.url = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"  # noqa: S610 - no Django
            group = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(group.cancel_scope.cancel)
            group.start_soon(listener.serve, self._serve)
            self._running = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return await self._running.__aexit__(kind, value, traceback)

    async def _serve(self, stream: anyio.abc.ByteStream) -> None:
        connection = _Connection(stream)
        async with stream:
            with suppress(anyio.BrokenResourceError, h11.ProtocolError):
                while (request := await connection.read()) is not None:
                    self.requests.append(request)
                    await connection.attend(request, partial(self._dispatch, connection, request))
                    if not connection.next():
                        return

    async def _dispatch(self, connection: _Connection, request: RecordedRequest) -> None:
        failure = self._refusal(request)
        if failure is not None:
            await connection.send_failure(request, failure)
        elif request.path == COUNT_TOKENS:
            await connection.send_json(request, {"input_tokens": estimate_tokens(len(request.raw))})
        elif request.conversation is not None:
            reply, groups = self._rules.choose(request.conversation)
            await self._reply(connection, request, reply, groups)

    def _refusal(self, request: RecordedRequest) -> Failure | None:
        """What the real API would refuse too."""
        key = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
        if not key or key != (self.script.api_key or key):
            return Failure(status=401, type="authentication_error", message="invalid x-api-key (scripted model)")
        if request.method != "POST" or request.path not in (MESSAGES, COUNT_TOKENS):
            return Failure(status=404, type="not_found_error", message=f"no such path: {request.path} (scripted model)")
        if request.conversation is None:
            return Failure(status=400, type="invalid_request_error", message="the body is no request (scripted model)")
        return None

    async def _reply(
        self, connection: _Connection, request: RecordedRequest, reply: Reply, groups: tuple[str, ...]
    ) -> None:
        await anyio.sleep(reply.delay_seconds)
        assert request.conversation is not None  # noqa: S101 - checked by _refusal
        if reply.error is not None:
            await connection.send_failure(request, reply.error)
            return
        if reply.raw is not None:
            await connection.send_whole(request, 200, reply.raw.encode(), "text/event-stream")
            return
        message = make_message(reply, request.conversation, groups, len(request.raw))
        if request.body.get("stream"):
            await _stream(connection, request, reply, message)
        else:
            await connection.send_json(request, message.to_json())


async def _stream(connection: _Connection, request: RecordedRequest, reply: Reply, message: Message) -> None:
    await connection.start(request, 200, "text/event-stream; charset=utf-8")
    deltas = 0
    for is_delta, event in events(message):
        if is_delta:
            if await _mishap(connection, reply, deltas):
                return
            await anyio.sleep(reply.delta_delay_seconds)
            deltas += 1
        await connection.send(h11.Data(data=event))
    await connection.finish(request)


async def _mishap(connection: _Connection, reply: Reply, deltas: int) -> bool:
    """What the script wants to go wrong before the delta of that number; True if the connection is to be cut."""
    if reply.stall_after == deltas:
        await anyio.sleep(reply.stall_seconds)
    if reply.garbage_after == deltas:
        await connection.send(h11.Data(data=b"\xff\xfe{garbage\r\n\r\ndata: [not json\n\n"))
        return True
    return reply.disconnect_after == deltas


class _Connection:
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


@contextmanager
def running_scripted_model(script: Script | dict[str, Any] | str | Path, *, port: int = 0) -> Iterator[ScriptedModel]:
    """The same for code without an event loop: the model serves from a thread of its own while the block runs."""
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(ScriptedModel(script, port=port)) as model,
    ):
        yield model
