"""The WebSocket by which a browser follows one notebook's events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus

import anyio
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.protocol.events import EventRecord, record_to_json
from jupyter_agent_host.protocol.host_api import EventsRequest
from jupyter_agent_host.server.agent_service import AgentService
from jupyter_agent_host.server.rest.base_handler import AUTH_RESOURCE, SERVICE_SETTING
from jupyter_agent_host.server.rest.http_errors import failure_of

_POLICY_VIOLATION = 1008
_GOING_AWAY = 1001
_DONE = 1000
_INTERNAL_ERROR = 1011


class EventSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """`GET notebooks/{notebook_id}/events/socket?after=N` (WebSocket): one event record a text message.

    Nothing is read from the client. An error is one `Failure` message before the socket closes.
    """

    auth_resource = AUTH_RESOURCE

    @property
    def service(self) -> AgentService:
        service: AgentService = self.settings[SERVICE_SETTING]
        return service

    def set_default_headers(self) -> None:
        """A WebSocket has no use for Jupyter's page headers."""

    @ws_authenticated
    async def get(self, *args: str, **kwargs: str) -> None:
        """Upgrade, for who may read agents here."""
        allowed = await ensure_async(self.authorizer.is_authorized(self, self.current_user, "read", AUTH_RESOURCE))
        if not allowed:
            raise web.HTTPError(HTTPStatus.FORBIDDEN)
        self._after = self._whole_number("after")
        self._gone = anyio.CancelScope()
        await super().get(*args, **kwargs)

    def _whole_number(self, name: str) -> int:
        value = self.get_query_argument(name, "0")
        if not (value.isascii() and value.isdigit()):
            raise web.HTTPError(HTTPStatus.BAD_REQUEST, f"{name} must be a whole number")
        return int(value)

    def open(self, notebook_id: str) -> None:
        """Begin to send. tornado reads pings and closing frames only once this method has returned."""
        super().open()
        self._sender = asyncio.create_task(self._send_until_gone(notebook_id))
        self._sender.add_done_callback(self._sent)

    def _sent(self, sender: asyncio.Task[None]) -> None:
        if not sender.cancelled() and (error := sender.exception()):
            self.log.error("agent host: a socket ended because of a defect", exc_info=error)
            self.close(_INTERNAL_ERROR)

    async def _send_until_gone(self, notebook_id: str) -> None:
        """Send until the events end, the client goes, or the server stops."""
        with self.service.stream_scope(self._gone):
            await self._follow(notebook_id)
        self.close(_GOING_AWAY if self._gone.cancel_called else _DONE)

    def on_message(self, message: str | bytes) -> None:  # noqa: ARG002 - tornado's signature
        """Verbs go over REST."""
        self.close(_POLICY_VIOLATION, "this socket only sends")

    def on_close(self) -> None:
        self._gone.cancel()
        super().on_close()

    async def _follow(self, notebook_id: str) -> None:
        try:
            records = await self.service.events(notebook_id, EventsRequest(after=self._after))
            with self.service.page_follows(notebook_id):
                await self._send_all(records)
        except AgentHostError as err:
            await self.write_message(failure_of(err))
        except WebSocketClosedError:
            self._gone.cancel()

    async def _send_all(self, records: AsyncGenerator[EventRecord, None]) -> None:
        async with aclosing(records):
            async for record in records:
                await self.write_message(record_to_json(record))
