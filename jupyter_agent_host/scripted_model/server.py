"""The scripted model as an HTTP server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, final

import anyio
import anyio.abc
import anyio.from_thread
import h11
from anyio.abc import SocketAttribute

from jupyter_agent_host.scripted_model.connection import Connection, RecordedRequest
from jupyter_agent_host.scripted_model.reply_message import Message, estimate_tokens, events, make_message
from jupyter_agent_host.scripted_model.rules import Rules
from jupyter_agent_host.scripted_model.script import Failure, Reply, Script, load_script

MESSAGES = "/v1/messages"
COUNT_TOKENS = "/v1/messages/count_tokens"


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
        connection = Connection(stream)
        async with stream:
            with suppress(anyio.BrokenResourceError, h11.ProtocolError):
                while (request := await connection.read()) is not None:
                    self.requests.append(request)
                    await connection.attend(request, partial(self._dispatch, connection, request))
                    if not connection.next():
                        return

    async def _dispatch(self, connection: Connection, request: RecordedRequest) -> None:
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
        self, connection: Connection, request: RecordedRequest, reply: Reply, groups: tuple[str, ...]
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


async def _stream(connection: Connection, request: RecordedRequest, reply: Reply, message: Message) -> None:
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


async def _mishap(connection: Connection, reply: Reply, deltas: int) -> bool:
    """What the script wants to go wrong before the delta of that number; True if the connection is to be cut."""
    if reply.stall_after == deltas:
        await anyio.sleep(reply.stall_seconds)
    if reply.garbage_after == deltas:
        await connection.send(h11.Data(data=b"\xff\xfe{garbage\r\n\r\ndata: [not json\n\n"))
        return True
    return reply.disconnect_after == deltas


@contextmanager
def running_scripted_model(script: Script | dict[str, Any] | str | Path, *, port: int = 0) -> Iterator[ScriptedModel]:
    """The same for code without an event loop: the model serves from a thread of its own while the block runs."""
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(ScriptedModel(script, port=port)) as model,
    ):
        yield model
