"""One named place: where it is, who signs in how, and the connections to it."""

from __future__ import annotations

import base64
import ssl
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpcore

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway.egress.destination import Destination, read_host
from jupyter_agent_host.host.gateway.egress.dialer import Dialer
from jupyter_agent_host.host.gateway.egress.egress_refusal import EgressRefusal
from jupyter_agent_host.host.gateway.egress.httpcore_stream import WireStream
from jupyter_agent_host.host.settings import ServiceSettings

_KEPT_CONNECTIONS = 8
_KEPT_SECONDS = 30.0
_KEPT_ANNOUNCED = 16
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Service:
    """Checked settings and a pool of connections.

    Attributes:
        base: the path that the administrator gave, with a slash at its end.
        announced: paths where an MCP server over events said that it takes messages; the newest few.
    """

    settings: ServiceSettings
    destination: Destination
    scheme: str
    base: bytes
    pool: httpcore.AsyncConnectionPool = field(repr=False)
    announced: deque[bytes] = field(default_factory=lambda: deque(maxlen=_KEPT_ANNOUNCED), repr=False)

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def origins(self) -> tuple[str, ...]:
        """Every spelling of the origin that a page of this place may use."""
        host = str(self.destination).rpartition(":")[0]
        bare = f"{self.scheme}://{host}"
        with_port = f"{bare}:{self.destination.port}"
        return (with_port, bare) if self.destination.port == _DEFAULT_PORTS[self.scheme] else (with_port,)

    def announce(self, path: bytes) -> None:
        """An MCP server takes messages at this path, too."""
        if path not in self.announced:
            self.announced.append(path)

    async def credential(self) -> tuple[list[tuple[bytes, bytes]], tuple[bytes, ...]]:
        """The headers that sign in, and every text in them that must never come back.

        Raises:
            CredentialMissingError: a secret cannot be read.
        """
        headers: list[tuple[bytes, bytes]] = []
        hidden: set[bytes] = set()
        for name, text in self.settings.headers.items():
            value = (await text.read()).encode("ascii")
            scheme, _, rest = value.partition(b" ")
            hidden.update(part for part in (value, rest or scheme) if part)
            headers.append((name.encode("ascii"), value))
        if self.settings.basic is not None:
            pair = (await self.settings.basic.read()).encode("ascii")
            encoded = base64.b64encode(pair)
            hidden.update((encoded, pair.partition(b":")[2] or pair))
            headers.append((b"Authorization", b"Basic " + encoded))
        return headers, tuple(sorted(hidden, key=len, reverse=True))


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects to the one destination of a service."""

    def __init__(self, dialer: Dialer, destination: Destination, *, here: bool) -> None:
        self._dialer, self._destination, self._here = dialer, destination, here

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - always the service's own
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the dialer has its own
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        reached = await self._dialer.dial(self._destination, companys_own=True, this_machine=self._here)
        return WireStream(reached.stream)


def check_service(settings: ServiceSettings, dialer: Dialer, context: ssl.SSLContext) -> Service:
    """A service from its settings.

    Its address is the administrator's, so it may lie inside the company (RFC 1918, RFC 4193), and on loopback where it
    says so itself. It is never a link-local or metadata address.

    Raises:
        ConfigError: the address cannot be used.
    """
    where = f"The service {settings.name!r}"
    try:
        url = urlsplit(settings.url)
        port = url.port or _DEFAULT_PORTS.get(url.scheme, 0)
        host = (url.hostname or "").encode("idna" if not (url.hostname or "").isascii() else "ascii")
        literal = _literal(url.hostname or "")
        destination = Destination(str(literal), port, literal) if literal else read_host(host, port, host)
    except (ValueError, EgressRefusal) as err:
        raise ConfigError(f"{where} has no usable address: {settings.url[:200]!r}.") from err
    if url.username or url.password or url.query or url.fragment or url.scheme not in _DEFAULT_PORTS:
        raise ConfigError(f"{where} needs a plain https address, without a user, password, query or fragment.")
    here = destination.host == "localhost" or (literal is not None and literal.is_loopback)
    if url.scheme == "http" and not here:
        raise ConfigError(f"{where} must use https: plain http would show its credential on the network.")
    pool = httpcore.AsyncConnectionPool(
        ssl_context=context,
        max_connections=None,
        max_keepalive_connections=_KEPT_CONNECTIONS,
        keepalive_expiry=_KEPT_SECONDS,
        network_backend=_Backend(dialer, destination, here=here),
    )
    base = (url.path if url.path.endswith("/") else f"{url.path}/").encode("ascii", "strict")
    return Service(settings, destination, url.scheme, base, pool)


def _literal(host: str) -> Any:
    try:
        return ip_address(host)
    except ValueError:
        return None
