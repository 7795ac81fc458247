"""Attempts to get past the gateway's rules by spelling things differently. Outside, an ordinary proxy obeys them."""

from __future__ import annotations

import sys

from attempt import Parameters, RefusedError, attempt, main
from wire import say, status, way_out


def _reached(answer: bytes) -> str:
    if b"canary" not in answer:
        raise RefusedError(answer[:120].decode(errors="replace") or "no answer")
    return "reached the canary"


def _tunnel(name: str, spelling: str, what: str) -> None:
    def attempted(given: Parameters) -> str:
        port = given["port6"] if spelling.startswith("[::1") else given["port"]
        target = f"{spelling.format(**given)}:{port}"
        answer = say(
            way_out(given),
            f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode(),
            b"GET / HTTP/1.0\r\n\r\n",
        )
        return _reached(answer)

    attempted.__name__ = f"tunnel_{name}"
    attempted.__doc__ = what
    attempt(attempted)


for _name, _spelling, _what in (
    ("to_loopback", "127.0.0.1", "CONNECT to the machine's loopback."),
    ("by_name", "localhost", "CONNECT to the loopback by its name."),
    ("by_number", "2130706433", "CONNECT to the loopback written as one number."),
    ("by_hexadecimal", "0x7f000001", "CONNECT to the loopback in hexadecimal."),
    ("by_octal", "0177.0.0.1", "CONNECT to the loopback in octal."),
    ("by_short_form", "127.1", "CONNECT to the loopback with parts left out."),
    ("to_zero", "0.0.0.0", "CONNECT to the address of nowhere, which is here."),
    ("by_ipv6", "[::1]", "CONNECT to the loopback by IPv6."),
    ("by_mapped_ipv6", "[::ffff:127.0.0.1]", "CONNECT to the loopback by an IPv4 address within IPv6."),
    ("by_mapped_hexadecimal", "[::ffff:7f00:1]", "CONNECT to the same, in hexadecimal."),
    ("by_wide_digits", "\uff11\uff12\uff17.\uff10.\uff10.\uff11", "CONNECT to the loopback in full-width digits."),
    ("to_the_machine", "{machine}", "CONNECT to the machine's own address."),
    ("to_the_bridge", "{bridge}", "CONNECT to the machine by the engine's bridge."),
    ("to_metadata", "{metadata}", "CONNECT to the address at which clouds hand out credentials."),
):
    _tunnel(_name, _spelling, _what)


def _request(given: Parameters, text: str, *more: str) -> str:
    filled = [part.format(machine=given["machine"], port=given["port"]) for part in (text, *more)]
    first, *rest = (part.replace("\n", "\r\n").encode() for part in filled)
    return _reached(say(way_out(given), first, *rest))


@attempt
def absolute_address(given: Parameters) -> str:
    """Ask for a whole URL, as of a proxy."""
    return _request(given, "GET http://{machine}:{port}/ HTTP/1.1\nHost: {machine}\n\n")


@attempt
def absolute_address_of_an_allowed_path(given: Parameters) -> str:
    """Post to the model's path on another host."""
    return _request(
        given,
        "POST http://{machine}:{port}/v1/messages HTTP/1.1\nHost: {machine}\nContent-Type: application/json\n"
        "Content-Length: 2\n\n{{}}",
    )


@attempt
def other_host_header(given: Parameters) -> str:
    """Name another host in the Host header alone."""
    return _request(given, "GET / HTTP/1.1\nHost: {machine}:{port}\n\n")


@attempt
def injected_header(given: Parameters) -> str:
    """Hide a second request line behind a bare line feed in a header."""
    return _request(
        given,
        "POST /v1/messages HTTP/1.1\nHost: x\nX-A: b\x0bGET http://{machine}:{port}/ HTTP/1.1\nContent-Length: 0\n\n"
        "GET http://{machine}:{port}/ HTTP/1.1\nHost: {machine}\n\n",
    )


@attempt
def second_request_in_a_body(given: Parameters) -> str:
    """Give two lengths, so that proxy and server disagree where a body ends."""
    return _request(
        given,
        "POST / HTTP/1.1\nHost: x\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n"
        "GET http://{machine}:{port}/ HTTP/1.1\nHost: {machine}\n\n",
    )


@attempt
def upgrade_to_http2(given: Parameters) -> str:
    """Upgrade to HTTP/2, whose streams the gateway would not see."""
    answer = say(
        way_out(given),
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
    )
    return _switched(answer)


@attempt
def http2_at_once(given: Parameters) -> str:
    """Begin with HTTP/2's own greeting."""
    answer = say(way_out(given), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
    if status(answer) == 0 and answer[3:4] == b"\x04":
        return "it speaks HTTP/2"
    raise RefusedError(answer[:60].decode(errors="replace"))


@attempt
def upgrade_to_a_websocket(given: Parameters) -> str:
    """Upgrade to a WebSocket, a stream of bytes both ways."""
    answer = say(
        way_out(given),
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    return _switched(answer)


def _switched(answer: bytes) -> str:
    if status(answer) != 101:
        raise RefusedError(answer[:120].decode(errors="replace"))
    return "it switched"


@attempt
def tunnel_with_credentials_of_ours(given: Parameters) -> str:
    """CONNECT with a user and a password in the address."""
    return _request(
        given,
        "CONNECT user:pass@{machine}:{port} HTTP/1.1\nHost: {machine}\n\n",
        "GET / HTTP/1.0\n\n",
    )


if __name__ == "__main__":
    sys.exit(main())
