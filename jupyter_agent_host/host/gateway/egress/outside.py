"""Names and connections of the world outside; what a test puts its own world in the place of."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Protocol

import anyio
import anyio.abc
from anyio.abc import SocketAttribute

from jupyter_agent_host.host.gateway.egress.destination import Address

_MAX_ADDRESSES = 16


class ThisMachineError(OSError):
    """The address turned out to be one of this machine's own."""


class Outside(Protocol):
    """The network as the host sees it."""

    async def resolve(self, host: str) -> Sequence[Address]:
        """The addresses of a name, best first; empty when it has none.

        Raises:
            OSError: it could not be found out.
        """

    async def connect(self, address: Address, port: int) -> anyio.abc.ByteStream:
        """A TCP connection to exactly this address.

        Raises:
            OSError: there is none; `ThisMachineError` when it would end on this very machine.
        """


class Internet:
    """The real one."""

    async def resolve(self, host: str) -> Sequence[Address]:
        """As the system resolves names."""
        try:
            found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror:
            return []
        texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
        return [ip_address(text) for text in texts][:_MAX_ADDRESSES]

    async def connect(self, address: Address, port: int) -> anyio.abc.ByteStream:
        """Connect; an interface's own address leads past every firewall, so it is refused.

        Loopback is only asked for where it was said before that it will do.
        """
        stream = await anyio.connect_tcp(str(address), port)
        if not address.is_loopback and is_this_machine(stream):
            await stream.aclose()
            raise ThisMachineError(f"{address} is this machine's own address")
        return stream


def is_this_machine(stream: anyio.abc.SocketStream) -> bool:
    """Whether both ends of a connection have the same address."""
    attributes = stream.extra_attributes
    return bool(attributes[SocketAttribute.local_address]()[0] == attributes[SocketAttribute.remote_address]()[0])
