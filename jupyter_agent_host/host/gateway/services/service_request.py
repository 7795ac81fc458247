"""One request to a named place outside, signed in to by the gateway."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import anyio
import httpcore

from jupyter_agent_host.errors import CredentialMissingError
from jupyter_agent_host.host.gateway.client_connection import ClientConnection, ConnectionGoneError, RequestHead
from jupyter_agent_host.host.gateway.egress.destination import Destination
from jupyter_agent_host.host.gateway.egress.egress_refusal import UNREACHABLE, EgressRefusal
from jupyter_agent_host.host.gateway.egress.egress_request import TOO_MANY_REQUESTS, counted, keep, until_gone
from jupyter_agent_host.host.gateway.egress.http_forwarding import (
    Carried,
    body,
    relay,
    request_headers,
    response_headers,
)
from jupyter_agent_host.host.gateway.egress.network_port import EgressRecord, Network
from jupyter_agent_host.host.gateway.gateway_limits import GatewayLimits
from jupyter_agent_host.host.gateway.gateway_refusal import Refusal
from jupyter_agent_host.host.gateway.services import response_rewriter
from jupyter_agent_host.host.gateway.services.mcp_endpoint_rewriter import EndpointRewriter
from jupyter_agent_host.host.gateway.services.service_client import Service
from jupyter_agent_host.host.gateway.services.service_paths import PREFIX, check_use, read_target

_OWN = frozenset({b"authorization", b"cookie", b"accept-encoding", b"forwarded", b"origin", b"referer"})
_HOST = re.compile(rb"(127\.0\.0\.1|localhost)(:\d{1,5})?")
_SIGN_IN = (401, 407)
_BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.UnsupportedProtocol)


def wants_service(head: RequestHead) -> bool:
    """Whether the request is for a named place."""
    return head.target.startswith(PREFIX)


@dataclass
class ServiceExchange:
    """Answers one such request of one notebook, and records it, whatever happens on the way."""

    connection: ClientConnection
    network: Network
    services: Mapping[str, Service]
    bounds: GatewayLimits
    record: EgressRecord = field(default_factory=lambda: EgressRecord(Destination("", 0), "denied", "", "service"))

    async def answer(self, head: RequestHead) -> None:
        """Answer it. Cancelling closes both sides. Raises nothing that a peer could cause."""
        started = anyio.current_time()
        carried = Carried(self.network.count)
        try:
            with counted(self.network):
                await self._answer(head, carried)
        except Refusal as refusal:
            verdict = "denied" if refusal.status != UNREACHABLE else "failed"
            self.record = replace(self.record, verdict=verdict, rule=refusal.rule)
            await self._refuse(refusal)
        except ConnectionGoneError:
            return
        finally:
            milliseconds = round((anyio.current_time() - started) * 1000)
            record = replace(
                self.record, bytes_in=carried.bytes_in, bytes_out=carried.bytes_out, duration_ms=milliseconds
            )
            await keep(self.network, record)

    async def _answer(self, head: RequestHead, carried: Carried) -> None:
        target = read_target(head.target)
        service = self.services.get(target.name)
        if service is None:
            raise EgressRefusal("service", f"This server has no service named {target.name!r}.", status=404)
        self.record = replace(self.record, destination=service.destination, via=f"service {service.name}")
        settings = service.settings
        check_use(
            settings.use,
            head.method,
            target.path,
            service.base,
            push=settings.push,
            announced=service.announced,
        )
        permitted = await self.network.permit_service(service.name, settings.use, service.destination)
        self.record = replace(self.record, verdict="allowed", rule=permitted.rule)
        if not head.length:
            await self.connection.read_body(head)
        await until_gone(self.connection, head, carried, partial(self._ask, head, target.path, service, carried))

    async def _ask(self, head: RequestHead, path: bytes, service: Service, carried: Carried) -> None:
        try:
            signed, hidden = await service.credential()
        except CredentialMissingError as err:
            raise EgressRefusal("credential_missing", str(err), status=UNREACHABLE) from err
        own = {name.lower() for name, _ in signed} | _OWN
        headers = [pair for pair in request_headers(head, service.destination) if pair[0].lower() not in own]
        # Any coding would hide a secret that is sent back.
        headers += [(b"Accept-Encoding", b"identity"), *signed]
        host = service.destination.host.encode("ascii")
        request = httpcore.Request(
            head.method,
            httpcore.URL(scheme=service.scheme.encode(), host=host, port=service.destination.port, target=path),
            headers=headers,
            content=body(self.connection, head, carried) if head.length else None,
            extensions={"timeout": {"read": self.bounds.read_seconds, "write": self.bounds.write_seconds}},
        )
        try:
            response = await service.pool.handle_async_request(request)
        except _BROKEN as err:
            raise _broke(service, f"the connection broke ({type(err).__name__})") from err
        try:
            await self._give(head, response, service, response_rewriter.Scrubber(hidden), carried)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()

    async def _give(
        self,
        head: RequestHead,
        response: httpcore.Response,
        service: Service,
        scrub: response_rewriter.Scrubber,
        carried: Carried,
    ) -> None:
        if response.status in _SIGN_IN:
            raise _broke(service, f"it refused the server's credential ({response.status})")
        inside = f"http://{_host(head)}/to/{service.name}"
        plain = [(name, scrub.whole(value.encode("latin-1")).decode("latin-1")) for name, value in
                 response_headers(response.headers)]  # fmt: skip
        kept = dict(plain)
        if kept.get("content-encoding", "identity") != "identity":
            raise _broke(service, "it answered in a coding that was not asked for")
        headers = response_rewriter.headers(plain, service.origins, inside)
        if service.settings.use in ("pip", "npm") and response_rewriter.is_index(kept.get("content-type", "")):
            page = scrub.whole(await self._page(response, service, carried))
            await self._send(response.status, headers, response_rewriter.rewrite(page, service.origins, inside))
        elif service.settings.use == "mcp" and kept.get("content-type", "").startswith("text/event-stream"):
            lead_back = EndpointRewriter(service.origins, f"/to/{service.name}", service.announce)
            await relay(
                self.connection, response, headers, carried, lambda data, last: lead_back(scrub(data, last), last)
            )
        else:
            await relay(self.connection, response, headers, carried, scrub)

    async def _page(self, response: httpcore.Response, service: Service, carried: Carried) -> bytes:
        page = bytearray()
        try:
            async for chunk in response.aiter_stream():
                carried.into(len(chunk))
                page += chunk
                if len(page) > response_rewriter.MAX_REWRITTEN_BYTES:
                    raise _broke(service, "its page is too large")
        except _BROKEN as err:
            raise _broke(service, f"the connection broke ({type(err).__name__})") from err
        return bytes(page)

    async def _send(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        headers = [(name, value) for name, value in headers if name not in ("content-length", "etag", "digest")]
        await self.connection.start(status, [*headers, ("content-length", str(len(data)))])
        await self.connection.send(data)
        await self.connection.finish()

    async def _refuse(self, refusal: Refusal) -> None:
        if refusal.status == TOO_MANY_REQUESTS:
            await anyio.sleep(self.bounds.tarpit_seconds)
        try:
            await self.connection.refuse(refusal)
        except ConnectionGoneError:
            return


def _host(head: RequestHead) -> str:
    """The way out as the client inside calls it."""
    value = next((value for name, value in head.headers if name == b"host"), b"")
    return value.decode("ascii") if _HOST.fullmatch(value) else "127.0.0.1"


def _broke(service: Service, why: str) -> EgressRefusal:
    return EgressRefusal("service_failed", f"The service {service.name!r} did not work: {why}.", status=UNREACHABLE)
