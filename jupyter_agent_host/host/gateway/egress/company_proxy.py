"""A company's own way out: its proxy, and whom it trusts."""

from __future__ import annotations

import base64
import ssl
from ipaddress import ip_network
from urllib.parse import urlsplit

import anyio
import anyio.abc
import h11
import httpx
from anyio.streams.tls import TLSStream

from jupyter_agent_host.errors import ConfigError, CredentialMissingError
from jupyter_agent_host.host.gateway.egress.destination import Destination, read_authority
from jupyter_agent_host.host.gateway.egress.egress_refusal import UNREACHABLE, EgressRefusal
from jupyter_agent_host.host.gateway.egress.internet import Outside
from jupyter_agent_host.host.gateway.gateway_limits import KIB
from jupyter_agent_host.host.settings import CompanyNetwork

_MAX_HEAD_BYTES = 64 * KIB
_OK, _WHO_ARE_YOU = 200, 407
_NO_PROXY = "The proxy must be http://host:port or https://host:port."
_PORTS = {"http": 80, "https": 443}


def trusted(company: CompanyNetwork | None) -> ssl.SSLContext:
    """Whom connections to the outside trust: the public authorities, and the company's.

    Raises:
        ConfigError: the bundle cannot be read.
    """
    context = httpx.create_ssl_context(trust_env=company is None)
    if company is not None and company.ca_bundle is not None:
        try:
            context.load_verify_locations(cafile=company.ca_bundle)
        except (OSError, ssl.SSLError) as err:
            where = str(company.ca_bundle)
            raise ConfigError(f"The CA bundle {where!r} cannot be used ({type(err).__name__}).") from err
    return context


class CompanyProxy:
    """The proxy of a company, for every connection that leaves it.

    Raises:
        ConfigError: its address cannot be used.
    """

    def __init__(self, company: CompanyNetwork, outside: Outside, context: ssl.SSLContext) -> None:
        self._company, self._outside, self._context = company, outside, context
        self._scheme, self._proxy = check_proxy(company.proxy)

    def serves(self, destination: Destination) -> bool:
        """Whether the destination is reached through it."""
        return not is_excepted(self._company, destination)

    async def connect(self, destination: Destination) -> anyio.abc.ByteStream:
        """A tunnel to the destination; who resolves its name is the proxy.

        Raises:
            EgressRefusal: the proxy is not there, or does not want to.
        """
        stream = await self._reach()
        try:
            await self._ask(stream, destination)
        except BaseException:
            await anyio.aclose_forcefully(stream)
            raise
        return stream

    async def _reach(self) -> anyio.abc.ByteStream:
        proxy = self._proxy
        try:
            found = [proxy.address] if proxy.address is not None else await self._outside.resolve(proxy.host)
            stream = await self._outside.connect(found[0], proxy.port)
        except (OSError, IndexError) as err:
            raise EgressRefusal("proxy", "The company's proxy cannot be reached.", status=UNREACHABLE) from err
        if self._scheme == "http":
            return stream
        try:
            return await TLSStream.wrap(
                stream, hostname=proxy.host, ssl_context=self._context, standard_compatible=False
            )
        except (OSError, ssl.SSLError, anyio.EndOfStream, anyio.BrokenResourceError) as err:
            await anyio.aclose_forcefully(stream)
            raise EgressRefusal("proxy", "The company's proxy is not trusted here.", status=UNREACHABLE) from err

    async def _ask(self, stream: anyio.abc.ByteStream, destination: Destination) -> None:
        http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        target = str(destination)
        headers = [("host", target), *await self._signed()]
        request = http.send(h11.Request(method="CONNECT", target=target, headers=headers))
        try:
            await stream.send((request or b"") + (http.send(h11.EndOfMessage()) or b""))
            while (event := http.next_event()) is h11.NEED_DATA or isinstance(event, h11.InformationalResponse):
                # No more than the answer's head can come before we speak, so that nothing of the tunnel is read here.
                if event is h11.NEED_DATA:
                    http.receive_data(await stream.receive(1))
        except (h11.ProtocolError, OSError, anyio.EndOfStream, anyio.BrokenResourceError) as err:
            raise EgressRefusal("proxy", "The company's proxy broke off.", status=UNREACHABLE) from err
        status = event.status_code if isinstance(event, h11.Response) else 0
        if status == _WHO_ARE_YOU:
            raise EgressRefusal("proxy", "The company's proxy refuses the server's credential.", status=UNREACHABLE)
        if status != _OK:
            sentence = f"The company's proxy does not connect to {destination} ({status})."
            raise EgressRefusal("proxy", sentence, status=UNREACHABLE)

    async def _signed(self) -> list[tuple[str, str]]:
        if self._company.proxy_user is None:
            return []
        try:
            pair = await self._company.proxy_user.read()
        except CredentialMissingError as err:
            raise EgressRefusal("proxy", str(err), status=UNREACHABLE) from err
        return [("proxy-authorization", "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii"))]


def check_proxy(url: str) -> tuple[str, Destination]:
    """Scheme and place of a proxy.

    Raises:
        ConfigError: it is no such address.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port or _PORTS.get(parts.scheme, 0), (parts.hostname or "").encode("ascii")
        proxy = read_authority(b"[%s]" % host if b":" in host else host, default_port=port)
    except (ValueError, EgressRefusal) as err:
        raise ConfigError(_NO_PROXY) from err
    if parts.scheme not in _PORTS or parts.username or parts.password or parts.path.strip("/"):
        raise ConfigError(_NO_PROXY)
    return parts.scheme, proxy


def is_excepted(company: CompanyNetwork, destination: Destination) -> bool:
    """Whether NO_PROXY names the destination."""
    return any(_excepts(entry, destination) for entry in company.no_proxy)


def _excepts(entry: str, destination: Destination) -> bool:
    """Whether an entry of NO_PROXY names the destination, in the way of curl: a name stands for all below it, too."""
    entry = entry.strip().lower().rstrip(".")
    if entry == "*":
        return True
    if destination.address is not None:
        try:
            return destination.address in ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            return False
    host, _, port = entry.partition(":")
    if port and port != str(destination.port):
        return False
    host = host.removeprefix("*").removeprefix(".")
    return bool(host) and (destination.host == host or destination.host.endswith(f".{host}"))
