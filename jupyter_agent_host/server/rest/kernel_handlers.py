"""REST for kernels: a kernel proves which one it is, and can drive only the agent of its own notebook.

Jupyter's own authentication plays no part here, nor do its cookies, so there is no cross-site request to forge: what
counts is a signature with the kernel's connection key, over this very request, once.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from jupyter_server.auth.decorator import allow_unauthenticated

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.protocol.host_api import VERBS, Answer, EventsRequest
from jupyter_agent_host.protocol.kernel_auth import SIGNATURE_HEADER, sign_answer
from jupyter_agent_host.protocol.kernel_work import KERNEL_VERBS
from jupyter_agent_host.server.rest.base_handler import AgentHostHandler
from jupyter_agent_host.server.rest.http_errors import decode_request, failure_of, path_in, status_of


class KernelHandler(AgentHostHandler):
    """What both kernel handlers share. Holds no verb of its own."""

    def initialize(self) -> None:
        super().initialize()
        self._kernel_id = ""
        self._nonce = ""

    def check_xsrf_cookie(self) -> None:
        """No cookie authenticates anything here."""

    def authenticate(self, kernel_id: str) -> None:
        """Check the request's signature; from now on answers are signed.

        Raises:
            AuthenticationError: the request does not come from that kernel, or came before.
        """
        self._nonce = self.service.kernels.authenticate(
            kernel_id,
            self.request.headers,
            method=self.request.method or "",
            path=self.request.path,
            body=self.request.body,
        )
        self._kernel_id = kernel_id

    def sign(self, status: HTTPStatus, body: bytes | None) -> None:
        """Put the answer's signature on, if the kernel has proven who it is."""
        if self._nonce:
            key = self.service.kernels.key(self._kernel_id)
            self.set_header(SIGNATURE_HEADER, sign_answer(key, nonce=self._nonce, status=status, body=body))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1] if kwargs.get("exc_info") else None
        if isinstance(error, AgentHostError):
            self.sign(status_of(error), failure_of(error))
        super().write_error(status_code, **kwargs)


class KernelVerbHandler(KernelHandler):
    """`POST kernels/{kernel_id}/{verb}`: one verb for the kernel's own notebook."""

    @allow_unauthenticated
    async def post(self, kernel_id: str, verb: str) -> None:
        """Carry out one verb; body and answer are those of `VERBS`. The answer is signed."""
        self.authenticate(kernel_id)
        request = decode_request((VERBS | KERNEL_VERBS)[verb][0], self.request.body)
        path = await self.service.kernels.notebook_path(kernel_id, path_in(request))
        answer: Answer = await self.service.call_by_path(path, verb, request, kernel_id=kernel_id)
        body = msgspec.json.encode(answer)
        self.sign(HTTPStatus.OK, body)
        self.finish_json(body)


class KernelEventsHandler(KernelHandler):
    """`POST kernels/{kernel_id}/events`: the events of the kernel's own notebook, as JSON lines."""

    @allow_unauthenticated
    async def post(self, kernel_id: str) -> None:
        """Stream events after `after`, with a blank line now and then, until the kernel goes or the turn ends."""
        self.authenticate(kernel_id)
        request = decode_request(EventsRequest, self.request.body)
        path = await self.service.kernels.notebook_path(kernel_id, request.path)
        notebook_id = await self.service.notebook_id(path, kernel_id=kernel_id)
        records = await self.service.events(notebook_id, request)
        self.sign(HTTPStatus.OK, None)
        await self.stream(records)
