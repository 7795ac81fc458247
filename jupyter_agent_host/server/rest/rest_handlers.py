"""REST for people, panels and command lines: authenticated and authorised by Jupyter."""

from __future__ import annotations

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.protocol.host_api import VERBS, EventsRequest, OpenRequest
from jupyter_agent_host.server.rest.base_handler import AgentHostHandler
from jupyter_agent_host.server.rest.http_errors import decode_request
from jupyter_agent_host.server.rest.openapi import openapi_document
from jupyter_agent_host.server.rest.turn_output import turn_output


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
