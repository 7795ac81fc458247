"""REST for downloads of a whole conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.server.rest.base_handler import AgentHostHandler

FORMATS = ("markdown", "jsonl")


class ExportHandler(AgentHostHandler):
    """`GET notebooks/{notebook_id}/export?format=markdown|jsonl&session=ID`: a conversation as a file."""

    @web.authenticated
    @authorized
    async def get(self, notebook_id: str) -> None:
        """Send the present conversation, or the one named, piece by piece. A reader who goes away ends it."""
        # Imported here: laying out Markdown needs IPython's neighbours, which a starting server need not wait for.
        from jupyter_agent_host.server.rest import conversation_export  # noqa: PLC0415 - see above

        form = self.get_query_argument("format", "markdown")
        if form not in FORMATS:
            raise ProtocolError(f"`format` is one of {', '.join(FORMATS)}.")
        chosen = cast(conversation_export.Format, form)
        info, items = await self.service.transcript(notebook_id, self.get_query_argument("session", ""))
        self.set_header("Content-Type", conversation_export.CONTENT_TYPE[chosen])
        self.set_header("Content-Disposition", conversation_export.disposition(info.path, chosen))
        self.set_header("Cache-Control", "no-store")
        await self._send(conversation_export.export(items, chosen, info.title or info.path))

    async def _send(self, pieces: AsyncIterator[bytes]) -> None:
        with self.service.stream_scope(self._gone):
            async for piece in pieces:
                self.write(piece)
                try:
                    await self.flush()
                except StreamClosedError:
                    return
        if not self._gone.cancel_called:
            self.finish()
