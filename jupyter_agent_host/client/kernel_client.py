"""The agent as a kernel reaches it: signed HTTP to the Jupyter server that started the kernel.

Connections are kept between requests. On httpcore alone, since importing httpx brings its command line along, which
costs a kernel's `%load_ext` more than all the rest.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import httpcore
import msgspec

from jupyter_agent_host.client.event_stream import HttpEventStream, Patience
from jupyter_agent_host.client.failure_errors import decode_answer, failure_from
from jupyter_agent_host.client.http_turn_stream import HttpTurnStream
from jupyter_agent_host.client.server_discovery import Kernel, ServerAddress
from jupyter_agent_host.client.transport import BROKEN, NOT_SENT
from jupyter_agent_host.errors import AgentHostError, AuthenticationError, ServerUnreachableError
from jupyter_agent_host.protocol import kernel_auth
from jupyter_agent_host.protocol.host_api import VERBS, Answer, EventsRequest, PromptRequest, Request
from jupyter_agent_host.protocol.kernel_work import KERNEL_VERBS

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 180.0
"""A verb may wait for a sandbox to start or to stop."""

SILENCE_SECONDS = 45.0
"""An event stream silent for longer is broken: the server sends a blank line at least every 15 s."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
_SUCCESS = range(200, 300)
_CONNECT_PAUSES = (0.2, 0.4, 0.8, 0.0)


@dataclass(frozen=True)
class Signed:
    """One request ready to go, with the nonce that its answer must be signed over."""

    request: httpcore.Request
    nonce: str


class Headers(Mapping[str, str]):
    """Headers of an answer, found whatever their case."""

    def __init__(self, response: httpcore.Response) -> None:
        self._values = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in response.headers}

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class KernelClient:
    """An `AgentClient` over HTTP. `key` in `kernel` signs; it is neither sent nor logged."""

    def __init__(self, kernel: Kernel, server: ServerAddress, *, patience: Patience | None = None) -> None:
        self._kernel = kernel
        self._server = server
        self._patience = patience or Patience()
        # No proxy: it would see the prompt, and has no business between a kernel and its server.
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(server) if server.url.startswith("https:") else None,
            max_keepalive_connections=4,
            uds=server.socket_path or None,
        )

    @property
    def where(self) -> str:
        """See `AgentClient.where`."""
        return f"the Jupyter server at {self._server.url}"

    def call(self, verb: str, request: Request) -> Answer:
        """See `AgentClient.call`."""
        _, answer_type = (VERBS | KERNEL_VERBS)[verb]
        response, signed = self._send(verb, request)
        try:
            return decode_answer(self.checked_body(response, signed.nonce), answer_type)
        finally:
            response.close()

    def turn(self, request: PromptRequest) -> HttpTurnStream:
        """See `AgentClient.turn`."""
        return HttpTurnStream(self, request, self._patience)

    def events(self, request: EventsRequest) -> HttpEventStream:
        """See `AgentClient.events`."""
        return HttpEventStream(self, request, self._patience)

    def close(self) -> None:
        """See `AgentClient.close`."""
        self._pool.close()

    def open_stream(self, request: EventsRequest) -> httpcore.Response:
        """Open one HTTP response of event lines; the caller closes it.

        Raises:
            transport.BROKEN: the connection failed; trying again may help.
            AgentHostError: the server refused, or is not ours.
        """
        response, nonce = self.send_once("events", request, answer_seconds=SILENCE_SECONDS)
        try:
            self.check_refusal(response, nonce)
            self._verify(response, nonce, None)
        except BaseException:
            response.close()
            raise
        return response

    def send_once(
        self, verb: str, request: Request, *, answer_seconds: float = ANSWER_SECONDS
    ) -> tuple[httpcore.Response, str]:
        """Send one request, once; the response, which the caller closes, and the nonce that it is signed over.

        Raises:
            transport.BROKEN: the connection failed; with `transport.NOT_SENT`, nothing was sent.
        """
        signed = self._sign(verb, request, answer_seconds)
        response = self._pool.handle_request(signed.request)
        signed.request.extensions["timeout"]["read"] = min(answer_seconds, SILENCE_SECONDS)  # of the body, from now on
        return response, signed.nonce

    def checked_body(self, response: httpcore.Response, nonce: str) -> bytes:
        """The whole answer, once it is sure that our server gave it, and that it said yes.

        Raises:
            AgentHostError: the server refused, or is not ours.
        """
        self.check_refusal(response, nonce)
        body = _read_bounded(response)
        self._verify(response, nonce, body)
        return body

    def check_first_line(self, response: httpcore.Response, nonce: str, line: bytes) -> None:
        """The same for a stream whose signature covers its first line.

        Raises:
            AuthenticationError: the line is not our server's.
        """
        self._verify(response, nonce, line)

    def check_last_line(self, nonce: str, line: bytes, signature: str) -> None:
        """The same for what a turn's stream ends with.

        Raises:
            AuthenticationError: the line is not our server's.
        """
        kernel_auth.verify_stream_end(self._kernel.key, signature, nonce=nonce, body=line)

    def check_refusal(self, response: httpcore.Response, nonce: str) -> None:
        """Raise what the server refused with; nothing for a success.

        Raises:
            AgentHostError: the server refused, or is not ours.
        """
        if response.status in _SUCCESS:
            return
        body = _read_bounded(response)
        self._verify(response, nonce, body)
        raise failure_from(body) or AgentHostError(f"The server answered {response.status}.")

    def _verify(self, response: httpcore.Response, nonce: str, body: bytes | None) -> None:
        headers = Headers(response)
        if kernel_auth.SIGNATURE_HEADER not in headers:
            raise _unsigned(response.status, self._server, ours=failure_from(body or b"") is not None)
        kernel_auth.verify_answer(self._kernel.key, headers, nonce=nonce, status=response.status, body=body)

    def _send(self, verb: str, request: Request) -> tuple[httpcore.Response, Signed]:
        for pause in _CONNECT_PAUSES:
            signed = self._sign(verb, request, ANSWER_SECONDS)
            try:
                return self._pool.handle_request(signed.request), signed
            except NOT_SENT:
                # Nothing was sent yet, so that trying again cannot do a thing twice.
                time.sleep(pause)
            except BROKEN as err:
                raise ServerUnreachableError(
                    f"The Jupyter server broke off before it answered ({type(err).__name__}); "
                    "`%agent status` and `%agent history` tell what it did."
                ) from err
        raise self.unreachable()

    def unreachable(self) -> ServerUnreachableError:
        """The error that nobody listens at the server's address."""
        return ServerUnreachableError(
            f"The Jupyter server at {self._server.url} cannot be reached; is it still running?"
        )

    def _sign(self, verb: str, request: Request, answer_seconds: float) -> Signed:
        body = msgspec.json.encode(request)
        kernel_id = self._kernel.kernel_id
        address = urlsplit(f"{self._server.url}agent-host/kernels/{kernel_id}/{verb}")
        headers = kernel_auth.sign_request(
            self._kernel.key, method="POST", path=address.path, kernel_id=kernel_id, body=body
        )
        plain = {
            "Host": address.netloc,
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "Content-Length": str(len(body)),
        }
        built = httpcore.Request(
            "POST",
            address.geturl(),
            headers=list((plain | headers).items()),
            content=body,
            extensions={
                "timeout": {
                    "connect": CONNECT_SECONDS,
                    "read": answer_seconds,
                    "write": answer_seconds,
                    "pool": answer_seconds,
                }
            },
        )
        return Signed(request=built, nonce=headers[kernel_auth.NONCE_HEADER])


def _tls(server: ServerAddress) -> ssl.SSLContext:
    context = httpcore.default_ssl_context()
    if server.loopback:  # its certificate names its public host
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _read_bounded(response: httpcore.Response) -> bytes:
    declared = Headers(response).get("content-length", "0")
    if not declared.isdigit() or int(declared) > MAX_ANSWER_BYTES:
        raise ServerUnreachableError("The Jupyter server's answer is too large to be one of ours.")
    try:
        return response.read()
    except BROKEN as err:
        raise ServerUnreachableError(
            f"The Jupyter server broke off in its answer ({type(err).__name__}); try again."
        ) from err


def _unsigned(status: int, server: ServerAddress, *, ours: bool) -> AgentHostError:
    """`ours`: the answer has the form of this extension's refusals. A server without it answers in Jupyter's own."""
    refused = status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    if status == HTTPStatus.NOT_FOUND or (refused and not ours):
        return ServerUnreachableError(
            f"The Jupyter server at {server.url} does not know agents: jupyter-agent-host is not installed in the "
            "environment that runs Jupyter, or did not load there (`jupyter server extension list` in that environment "
            "says which, and why). Then restart the server; restarting the kernel does not help."
        )
    if refused:
        return AuthenticationError(
            f"The Jupyter server at {server.url} does not recognise this kernel: restart the kernel, "
            "or use the agent panel."
        )
    return ServerUnreachableError(f"The Jupyter server at {server.url} answered {status}; nothing was taken from it.")
