"""The WebSocket of a page that has notebooks open."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_agent_host.server.notebooks.open_pages import Page, Pages
from jupyter_agent_host.server.rest.base_handler import AUTH_RESOURCE

PAGES_SETTING = "jupyter_agent_host_pages"
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_BAD_MESSAGE = 1007


class PageSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """`GET pages/socket` (WebSocket): the page says what it has open and answers requests; see `notebooks.pages`."""

    auth_resource = AUTH_RESOURCE

    @property
    def max_message_size(self) -> int:
        """A notebook's sources and some outputs."""
        return _MAX_MESSAGE_BYTES

    def set_default_headers(self) -> None:
        """A WebSocket has no use for Jupyter's page headers."""

    @ws_authenticated
    async def get(self, *args: str, **kwargs: str) -> None:
        """Upgrade, for who may change notebooks here."""
        allowed = await ensure_async(self.authorizer.is_authorized(self, self.current_user, "write", AUTH_RESOURCE))
        if not allowed:
            raise web.HTTPError(HTTPStatus.FORBIDDEN)
        self._pages: Pages = self.settings[PAGES_SETTING]
        self._page = Page(self._send)
        await super().get(*args, **kwargs)

    def open(self) -> None:
        super().open()
        self._pages.add(self._page)

    def on_message(self, message: str | bytes) -> None:
        try:
            self._pages.heard(self._page, message)
        except (msgspec.ValidationError, msgspec.DecodeError):
            self.close(_BAD_MESSAGE, "not a message of a page")

    def on_close(self) -> None:
        self._pages.remove(self._page)
        super().on_close()

    def _send(self, data: bytes) -> None:
        try:
            self.write_message(data.decode())
        except WebSocketClosedError:
            self._page.lost()
