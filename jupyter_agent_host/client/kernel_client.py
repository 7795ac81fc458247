"""The agent as a kernel reaches it: signed HTTP to the Jupyter server that started the kernel."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx
import msgspec

from jupyter_agent_host.client.event_stream import HttpEventStream, Patience
from jupyter_agent_host.client.server_discovery import Kernel, ServerAddress
from jupyter_agent_host.errors import AgentHostError, AuthenticationError, ServerUnreachableError
from jupyter_agent_host.protocol import kernel_auth
from jupyter_agent_host.protocol.host_api import VERBS, Answer, EventsRequest, Failure, Request
from jupyter_agent_host.protocol.kernel_work import KERNEL_VERBS

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 180.0
"""A verb may wait for a sandbox to start or to stop."""

SILENCE_SECONDS = 45.0
"""An event stream silent for longer is broken: the server sends a blank line at least every 15 s."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CONNECT_PAUSES = (0.2, 0.4, 0.8, 0.0)


@dataclass(frozen=True)
class Signed:
    """One request ready to go, with the nonce that its answer must be signed over."""

    request: httpx.Request
    nonce: str


class KernelClient:
    """An `AgentClient` over HTTP. `key` in `kernel` signs; it is neither sent nor logged."""

    def __init__(self, kernel: Kernel, server: ServerAddress, *, patience: Patience | None = None) -> None:
        self._kernel = kernel
        self._server = server
        self._patience = patience or Patience()
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=server.socket_path or None, verify=not server.loopback),
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,  # a proxy would see the prompt, and has no business between a kernel and its server
            follow_redirects=False,
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
            self.check(response, signed.nonce)
            return decode_answer(response.content, answer_type)
        finally:
            response.close()

    def events(self, request: EventsRequest) -> HttpEventStream:
        """See `AgentClient.events`."""
        return HttpEventStream(self, request, self._patience)

    def close(self) -> None:
        """See `AgentClient.close`."""
        self._http.close()

    def open_stream(self, request: EventsRequest) -> httpx.Response:
        """Open one HTTP response of event lines; the caller closes it.

        Raises:
            httpx.TransportError: the connection failed; trying again may help.
            AgentHostError: the server refused, or is not ours.
        """
        signed = self._sign("events", request)
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        signed.request.extensions["timeout"] = timeout.as_dict()
        response = self._http.send(signed.request, stream=True)
        try:
            self.check(response, signed.nonce, stream=True)
        except BaseException:
            response.close()
            raise
        return response

    def check(self, response: httpx.Response, nonce: str, *, stream: bool = False) -> None:
        """Make sure that our server said so, and that it said yes. Reads the body unless it is a good stream."""
        body = None if stream and response.is_success else _read_bounded(response)
        if kernel_auth.SIGNATURE_HEADER not in response.headers:
            raise _unsigned(response.status_code, self._server)
        kernel_auth.verify_answer(
            self._kernel.key, response.headers, nonce=nonce, status=response.status_code, body=body
        )
        if not response.is_success:
            raise failure_from(body or b"") or AgentHostError(f"The server answered {response.status_code}.")

    def _send(self, verb: str, request: Request) -> tuple[httpx.Response, Signed]:
        for pause in _CONNECT_PAUSES:
            signed = self._sign(verb, request)
            try:
                return self._http.send(signed.request, stream=True), signed
            except (httpx.ConnectError, httpx.ConnectTimeout):
                # Nothing was sent yet, so that trying again cannot do a thing twice.
                time.sleep(pause)
            except httpx.TransportError as err:
                raise ServerUnreachableError(
                    f"The Jupyter server broke off before it answered ({type(err).__name__}); "
                    "`%agent status` and `%agent history` tell what it did."
                ) from err
        raise ServerUnreachableError(
            f"The Jupyter server at {self._server.url} cannot be reached; is it still running?"
        )

    def _sign(self, verb: str, request: Request) -> Signed:
        body = msgspec.json.encode(request)
        kernel_id = self._kernel.kernel_id
        built = self._http.build_request(
            "POST",
            f"{self._server.url}agent-host/kernels/{kernel_id}/{verb}",
            content=body,
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
        )
        headers = kernel_auth.sign_request(
            self._kernel.key, method="POST", path=built.url.raw_path.decode(), kernel_id=kernel_id, body=body
        )
        built.headers.update(headers)
        return Signed(request=built, nonce=headers[kernel_auth.NONCE_HEADER])


def decode_answer(body: bytes, answer_type: type[Answer]) -> Answer:
    """An answer as its type.

    Raises:
        ServerUnreachableError: the server speaks another version of the API.
    """
    try:
        return msgspec.json.decode(body, type=answer_type)
    except (msgspec.ValidationError, msgspec.DecodeError) as err:
        raise ServerUnreachableError(
            "The Jupyter server and this kernel hold different versions of jupyter-agent-host: "
            f"install the same one in both and restart ({err})."
        ) from err


def _read_bounded(response: httpx.Response) -> bytes:
    declared = response.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > MAX_ANSWER_BYTES:
        raise ServerUnreachableError("The Jupyter server's answer is too large to be one of ours.")
    try:
        return response.read()
    except httpx.TransportError as err:
        raise ServerUnreachableError(
            f"The Jupyter server broke off in its answer ({type(err).__name__}); try again."
        ) from err


def _unsigned(status: int, server: ServerAddress) -> AgentHostError:
    if status == httpx.codes.NOT_FOUND:
        return ServerUnreachableError(
            f"The Jupyter server at {server.url} does not know agents: install jupyter-agent-host into the "
            "environment that runs Jupyter, and restart it."
        )
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return AuthenticationError(
            f"The Jupyter server at {server.url} does not recognise this kernel: restart the kernel, "
            "or use the agent panel."
        )
    return ServerUnreachableError(f"The Jupyter server at {server.url} answered {status}; nothing was taken from it.")


_decoder = msgspec.json.Decoder(Failure)


def failure_from(body: bytes) -> AgentHostError | None:
    """The error that a body describes, or None when it is no `Failure`. An unknown code gives the root class."""
    try:
        failure = _decoder.decode(body)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None
    return _BY_CODE.get(failure.code, AgentHostError)(failure.message)


def _by_code(root: type[AgentHostError]) -> dict[str, type[AgentHostError]]:
    table = {root.code: root}
    for child in root.__subclasses__():
        if child.__module__ == AgentHostError.__module__:
            table.update(_by_code(child))
    return table


_BY_CODE = _by_code(AgentHostError)
