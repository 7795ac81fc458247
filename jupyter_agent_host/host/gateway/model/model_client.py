"""The host's client to the model's API: the only code that uses the real credential."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Any, final

import httpx

from jupyter_agent_host.host.gateway.gateway_limits import GatewayLimits
from jupyter_agent_host.host.gateway.gateway_refusal import Refusal, shown
from jupyter_agent_host.host.gateway.model.credential_headers import Headers
from jupyter_agent_host.host.gateway.model.model_endpoint import check_endpoint, make_client
from jupyter_agent_host.host.gateway.model.model_routes import ModelRoute
from jupyter_agent_host.host.settings import GatewaySettings

_MAX_SENTENCE = 2_000
_OK, _UNAUTHORIZED, _FORBIDDEN, _REDIRECTS, _FIRST_ERROR = 200, 401, 403, range(300, 400), 400


class UpstreamBrokeError(Exception):
    """The upstream's answer broke off after it had begun."""


@final
class ModelClient:
    """One HTTP client for all notebooks, and the sentences for what can go wrong with it.

    Raises:
        ConfigError: the base URL, the credential or the server's network settings cannot be used.
    """

    def __init__(self, settings: GatewaySettings, bounds: GatewayLimits) -> None:
        endpoint = check_endpoint(settings)
        self._base_url, self._host, self._secret = endpoint.base_url, endpoint.host, endpoint.secret
        self._bounds = bounds
        self._own = {name.lower().encode("ascii") for name in settings.headers}
        self._client = make_client(endpoint, bounds, settings.company)

    async def __aenter__(self) -> ModelClient:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, value, traceback)

    @asynccontextmanager
    async def ask(
        self, route: ModelRoute, headers: Headers, body: bytes, *, streams: bool
    ) -> AsyncIterator[httpx.Response]:
        """Send a request; gives a successful answer of the expected kind, of which only the head was read.

        Leaving the block early, or cancelling it, hangs up: the upstream then stops working on it.

        Raises:
            Refusal: there is no such answer. Its `rule` is "": it was the upstream's doing.
        """
        query = f"?{route.query}" if route.query else ""
        request = self._client.build_request(
            "POST", f"{self._base_url}{route.path}{query}", headers=headers, content=body
        )
        try:
            response = await self._client.send(request, stream=True)
        except httpx.HTTPError as err:
            raise self._unreachable(err) from err
        try:
            if response.status_code in _REDIRECTS or response.status_code >= _FIRST_ERROR:
                raise await self._error(response, [value for name, value in headers if name in self._own])
            _check_kind(response, streams=streams)
            yield response
        finally:
            await response.aclose()

    async def chunks(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        """The answer's bytes as they come, decoded if the upstream insisted on a coding.

        Raises:
            UpstreamBrokeError: it broke off.
        """
        coded = response.headers.get("content-encoding", "identity") != "identity"
        try:
            async for chunk in response.aiter_bytes() if coded else response.aiter_raw():
                yield chunk
        except httpx.HTTPError as err:
            raise UpstreamBrokeError(type(err).__name__) from err

    def _unreachable(self, err: httpx.HTTPError) -> Refusal:
        if _is_certificate(err):
            return Refusal(
                "",
                f"The certificate of the model's API at {self._host} is not trusted here: "
                "set SSL_CERT_FILE on the Jupyter server to your company's CA bundle.",
                kind="api_error",
            )
        if isinstance(err, httpx.TimeoutException):
            sentence = f"The model's API at {self._host} did not answer in time."
        else:
            sentence = f"The model's API at {self._host} could not be reached ({type(err).__name__})."
        # Retryable: a laptop that wakes up has no network for some seconds.
        return Refusal("", sentence, status=503, kind="api_error", retry_after=2)

    async def _error(self, response: httpx.Response, hidden: list[bytes]) -> Refusal:
        """The upstream's error, or a plain sentence in its place."""
        status = response.status_code
        if status in _REDIRECTS:
            sentence = f"The model's API at {self._host} answered with a redirect ({status}): check ANTHROPIC_BASE_URL."
            return Refusal("", sentence, kind="api_error")
        kind, message = _read_error(await self._start_of(response))
        for secret in (self._secret, *(value.decode("ascii") for value in hidden)):
            message = message.replace(secret, "[credential]") if secret else message
        if status in (_UNAUTHORIZED, _FORBIDDEN):
            # Not for 401: where the CLI finds the API's usual words, it shows a login hint of its own instead.
            said = f" It says: {message}" if message and status == _FORBIDDEN else ""
            sentence = f"The model's API refused the Jupyter server's credential ({status}): check ANTHROPIC_API_KEY."
            return Refusal("", sentence + said, kind=kind or "authentication_error")
        sentence = message or f"The model's API at {self._host} answered {status} without a reason."
        after = _seconds(response.headers.get("retry-after"))
        return UpstreamRefusal(sentence, status=status, kind=kind or "api_error", retry_after=after)

    async def _start_of(self, response: httpx.Response) -> bytes:
        data = bytearray()
        try:
            async with aclosing(self.chunks(response)) as chunks:
                async for chunk in chunks:
                    data += chunk
                    if len(data) > self._bounds.error_bytes:
                        break
        except UpstreamBrokeError:
            return b""
        return bytes(data)


class UpstreamRefusal(Refusal):
    """An error of the upstream, handed on with its own status: whether to ask again is the agent's usual choice."""

    def __init__(self, sentence: str, *, status: int, kind: str, retry_after: float | None) -> None:
        super().__init__("", sentence, status=status, kind=kind, retry_after=retry_after)

    def headers(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in super().headers() if name != "x-should-retry"]


def _check_kind(response: httpx.Response, *, streams: bool) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = "text/event-stream" if streams else "application/json"
    if response.status_code != _OK or kind != wanted:
        raise Refusal(
            "",
            "What answers at ANTHROPIC_BASE_URL is no Messages API: "
            f"it sent {shown(kind.encode())} instead of {wanted}.",
            kind="api_error",
        )


def _is_certificate(err: BaseException | None) -> bool:
    while err is not None:
        if isinstance(err, ssl.SSLCertVerificationError):
            return True
        err = err.__cause__ or err.__context__
    return False


def _read_error(data: bytes) -> tuple[str, str]:
    """Type and message of an error in the API's shape; empty where it is not one."""
    try:
        value: Any = json.loads(data)
    except (ValueError, RecursionError):
        return "", ""
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("type", ""))[:100], str(error.get("message", ""))[:_MAX_SENTENCE]


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isdecimal() else None
