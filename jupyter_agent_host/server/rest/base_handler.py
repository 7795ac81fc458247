"""What every handler of ours shares: where the service is, how errors are told, how events are streamed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from types import TracebackType
from typing import Any

import anyio
import msgspec
from jupyter_server.base.handlers import APIHandler
from tornado.iostream import StreamClosedError

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.protocol.events import EventRecord, record_to_json
from jupyter_agent_host.protocol.host_api import Answer
from jupyter_agent_host.server.agent_service import AgentService
from jupyter_agent_host.server.rest.http_errors import failure_of, status_of

AUTH_RESOURCE = "agent_host"
SERVICE_SETTING = "jupyter_agent_host_service"
HEARTBEAT_SECONDS = 10.0
NDJSON = "application/x-ndjson"


class AgentHostHandler(APIHandler):
    """A REST handler. Verbs are on the concrete classes, each under both decorators."""

    auth_resource = AUTH_RESOURCE

    def initialize(self) -> None:
        self._gone = anyio.CancelScope()
        self.service.begun()

    def on_finish(self) -> None:
        """Tornado's hook, after the answer."""
        self.service.ended()
        super().on_finish()

    @property
    def service(self) -> AgentService:
        service: AgentService = self.settings[SERVICE_SETTING]
        return service

    def finish_json(self, body: bytes, status: HTTPStatus = HTTPStatus.OK) -> None:
        """End the request with a JSON body."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(body)

    def finish_answer(self, answer: Answer) -> None:
        """End the request with an answer of the host."""
        self.finish_json(msgspec.json.encode(answer))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """One of our errors goes out as a `Failure`; anything else as Jupyter tells it."""
        error = kwargs["exc_info"][1] if kwargs.get("exc_info") else None
        if isinstance(error, AgentHostError):
            self.finish_json(failure_of(error), status_of(error))
        else:
            super().write_error(status_code, **kwargs)

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Our errors are sentences for people, not defects: one line, without a traceback."""
        if isinstance(value, AgentHostError):
            self.log.info("agent host: %s %s: %s", self.request.method, value.code, value)
        else:
            super().log_exception(typ, value, tb)

    def on_connection_close(self) -> None:
        self._gone.cancel()
        super().on_connection_close()

    async def stream(self, records: AsyncGenerator[EventRecord, None]) -> None:
        """Send event records, one JSON object a line, until they end or the other side goes away.

        A blank line is sent when nothing happened for a while. Each write waits for the socket, so a slow reader slows
        this stream and nothing else.
        """
        self.set_header("Content-Type", NDJSON)
        self.set_header("Cache-Control", "no-store")
        # Some proxies hold a streamed body back until it ends.
        self.set_header("X-Accel-Buffering", "no")
        lines = _Lines(self, self._gone)
        with self.service.stream_scope(self._gone):
            async with aclosing(records), anyio.create_task_group() as group:
                group.start_soon(lines.beat)
                await self._send_all(records, lines)
                group.cancel_scope.cancel()
        if not self._gone.cancel_called:
            self.finish()

    async def _send_all(self, records: AsyncGenerator[EventRecord, None], lines: _Lines) -> None:
        try:
            async for record in records:
                await lines.send(record_to_json(record) + b"\n")
        except AgentHostError as err:
            # The status went out long ago; a stream that ends early is taken up again by its reader.
            self.log.warning("agent host: a stream of events broke off: %s", err)


class _Lines:
    """Lines of one streamed body, never interleaved. A closed connection cancels `gone`."""

    def __init__(self, handler: AgentHostHandler, gone: anyio.CancelScope) -> None:
        self._handler = handler
        self._gone = gone
        self._lock = anyio.Lock()
        self._sent = 0

    async def send(self, line: bytes) -> None:
        async with self._lock:
            self._sent += 1
            self._handler.write(line)
            try:
                await self._handler.flush()
            except StreamClosedError:
                self._gone.cancel()

    async def beat(self) -> None:
        """Send a blank line at once, so that headers go out, then whenever the stream was silent for a while."""
        while True:
            await self.send(b"\n")
            sent = self._sent
            while True:
                await anyio.sleep(HEARTBEAT_SECONDS)
                if sent == self._sent:
                    break
                sent = self._sent
