"""Where a request wants to go, read so that nobody after us can read it differently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from jupyter_agent_host.host.gateway.egress.egress_refusal import EgressRefusal
from jupyter_agent_host.host.gateway.gateway_refusal import shown

Address = IPv4Address | IPv6Address

_MAX_NAME, _MAX_PORT = 253, 65535
_PORT = re.compile(rb"[0-9]{1,5}")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORT = 80


@dataclass(frozen=True)
class Destination:
    """A host and port.

    Attributes:
        host: in lower case, without a trailing dot; an IP address in its one canonical spelling, without brackets.
        address: set where the host is an IP address.
    """

    host: str
    port: int
    address: Address | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_authority(text: bytes, *, default_port: int | None = None) -> Destination:
    """`host:port` of a CONNECT request, or of an absolute URI (which may leave its port out).

    Names are LDH names (RFC 1123, with underscores); addresses have only the spelling that everybody reads alike. User
    names, percent signs, zone ids, and numbers that some resolvers take for an address are refused.

    Raises:
        EgressRefusal: it is nothing of the kind.
    """
    host, port = _split(text)
    if not port and default_port is not None:
        number = default_port
    elif _PORT.fullmatch(port) and 1 <= int(port) <= _MAX_PORT and not port.startswith(b"0"):
        number = int(port)
    else:
        raise _odd(text, "it has no port between 1 and 65535")
    if host.startswith(b"["):
        return _six(text, host, number)
    return read_host(host, number, text)


def read_absolute(target: bytes) -> tuple[Destination, bytes]:
    """Destination and path of an absolute `http` URI (RFC 9112, 3.2.2); the path begins with a slash.

    Raises:
        EgressRefusal: it is no such URI.
    """
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() != b"http":
        raise EgressRefusal(
            "scheme",
            f"The way out carries http addresses and CONNECT tunnels only, not {shown(target[:60])}.",
            status=400,
        )
    end = min((index for index in (rest.find(mark) for mark in (b"/", b"?", b"#")) if index >= 0), default=len(rest))
    authority, path = rest[:end], rest[end:].partition(b"#")[0]
    return read_authority(authority, default_port=_DEFAULT_PORT), path if path.startswith(b"/") else b"/" + path


def read_host(host: bytes, port: int, text: bytes) -> Destination:
    """A name or an IPv4 address.

    Raises:
        EgressRefusal: it is neither.
    """
    try:
        name = host.decode("ascii").lower()
    except UnicodeDecodeError:
        raise _odd(text, "names must be in their ASCII form") from None
    name = name.removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            four = IPv4Address(name)
        except AddressValueError:
            raise _odd(text, "an IP address has to be written as four plain decimal numbers") from None
        return Destination(str(four), port, four)
    if len(name) > _MAX_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise _odd(text, "that is no host name")
    return Destination(name, port)


def _split(text: bytes) -> tuple[bytes, bytes]:
    if b"@" in text or b"%" in text or b"\\" in text:
        raise _odd(text, "user names, percent signs and backslashes have no place there")
    if text.startswith(b"["):
        host, bracket, rest = text.partition(b"]")
        if not bracket or (rest and not rest.startswith(b":")):
            raise _odd(text, "that is no IPv6 address")
        return host + bracket, rest[1:]
    host, _, port = text.partition(b":")
    return host, port


def _six(text: bytes, host: bytes, port: int) -> Destination:
    try:
        six = IPv6Address(host[1:-1].decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        raise _odd(text, "that is no IPv6 address") from None
    return Destination(str(six), port, six)


def _odd(text: bytes, why: str) -> EgressRefusal:
    return EgressRefusal("target", f"The destination {shown(text[:100])} cannot be used: {why}.", status=400)
