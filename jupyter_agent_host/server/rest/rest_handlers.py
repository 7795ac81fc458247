"""REST for people, panels and command lines: authenticated and authorised by Jupyter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.protocol.events import read_record
from jupyter_agent_host.protocol.host_api import (
    VERBS,
    EventsRequest,
    NotebookInfo,
    OpenRequest,
    Simple,
    TurnsPage,
    TurnsRequest,
)
from jupyter_agent_host.rendering.mime_bundle import final_bundle
from jupyter_agent_host.rendering.turn_view import fold
from jupyter_agent_host.server.agent_service import AgentService
from jupyter_agent_host.server.rest import conversation_export
from jupyter_agent_host.server.rest.base_handler import AgentHostHandler
from jupyter_agent_host.server.rest.http_errors import decode_request
from jupyter_agent_host.server.rest.openapi import openapi_document


class OpenHandler(AgentHostHandler):
    """`POST open`: the notebook at a path."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Which notebook is at `path`, and what the host knows of it. Starts nothing."""
        request = decode_request(OpenRequest, self.request.body)
        if not request.path:
            raise ProtocolError("`path` must name a notebook, relative to the server's root.")
        actor = self.current_user.username
        self.finish_answer(await self.service.call_by_path(request.path, "open", request, actor=actor))


class NotebooksHandler(AgentHostHandler):
    """`GET notebooks`: all of them."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Every notebook that this host knows, as a JSON list of `NotebookInfo`."""
        self.finish_json(msgspec.json.encode(await self.service.notebooks()))


class VerbHandler(AgentHostHandler):
    """`POST notebooks/{notebook_id}/{verb}`: everything that can be done with one."""

    @web.authenticated
    @authorized
    async def post(self, notebook_id: str, verb: str) -> None:
        """Carry out one verb; body and answer are those of `VERBS`."""
        request = decode_request(VERBS[verb][0], self.request.body)
        actor = self.current_user.username
        self.finish_answer(await self.service.call_by_id(notebook_id, verb, request, actor=actor))


class EventsHandler(AgentHostHandler):
    """`POST notebooks/{notebook_id}/events`: what happens, as JSON lines."""

    @web.authenticated
    @authorized
    async def post(self, notebook_id: str) -> None:
        """Stream events after `after`, with a blank line now and then, until the client goes or the turn ends."""
        request = decode_request(EventsRequest, self.request.body)
        await self.stream(await self.service.events(notebook_id, request))


class LogsHandler(AgentHostHandler):
    """`GET notebooks/{notebook_id}/logs`: what the sandbox's runner wrote."""

    @web.authenticated
    @authorized
    async def get(self, notebook_id: str) -> None:
        """The last lines, as plain text."""
        text = await self.service.logs(notebook_id)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(text)


class EnvelopeHandler(AgentHostHandler):
    """`GET notebooks/{notebook_id}/envelope`: what belongs into the notebook's metadata."""

    @web.authenticated
    @authorized
    async def get(self, notebook_id: str) -> None:
        """The prepared `metadata.agent_host`, or `null`. `?wait=1` first lets the running turn end."""
        wait = self.get_query_argument("wait", "0") == "1"
        self.finish_json(msgspec.json.encode(await self.service.envelope(notebook_id, wait=wait)))


class TurnOutputHandler(AgentHostHandler):
    """`GET notebooks/{notebook_id}/turns/{turn_id}/output`: a finished turn as its cell's output."""

    @web.authenticated
    @authorized
    async def get(self, notebook_id: str, turn_id: str) -> None:
        """The MIME bundle, or `null` while the turn runs."""
        self.finish_json(msgspec.json.encode(await turn_output(self.service, notebook_id, turn_id)))


class OpenApiHandler(AgentHostHandler):
    """`GET openapi.json`: this interface, described."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The OpenAPI 3.1 document."""
        self.finish_json(msgspec.json.encode(openapi_document(self.base_url)))


FORMATS = ("markdown", "jsonl")


class ExportHandler(AgentHostHandler):
    """`GET notebooks/{notebook_id}/export?format=markdown|jsonl&session=ID`: a conversation as a file."""

    @web.authenticated
    @authorized
    async def get(self, notebook_id: str) -> None:
        """Send the present conversation, or the one named, piece by piece. A reader who goes away ends it."""
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


async def turn_output(service: AgentService, notebook_id: str, turn_id: str) -> dict[str, Any] | None:
    """The MIME bundle that the cell's own kernel would have shown at the end; None while the turn runs.

    Raises:
        AgentHostError: there is no such notebook, or no host.
    """
    page = cast(TurnsPage, await service.call_by_id(notebook_id, "turns", TurnsRequest(turn_id=turn_id)))
    view = fold(read_record(bytes(record)) for record in page.records)
    if view.ended is None:
        return None
    info = cast(NotebookInfo, await service.call_by_id(notebook_id, "status", Simple()))
    return final_bundle(view, info)
