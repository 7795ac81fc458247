"""Names and connections of the world outside; what a test puts its own world in the place of."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address
from typing import Protocol

import anyio
import anyio.abc
import anyio.to_thread
from anyio.abc import SocketAttribute

from jupyter_agent_host.host.gateway.egress.destination import Address

_MAX_ADDRESSES = 16
_MAX_LOOKUPS = 64


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

    def __init__(self) -> None:
        self._lookups = anyio.CapacityLimiter(_MAX_LOOKUPS)

    async def resolve(self, host: str) -> Sequence[Address]:
        """As the system resolves names."""
        look = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        try:
            # Not in the event loop's own few threads: a slow name must hold up nothing else of the server.
            found = await anyio.to_thread.run_sync(look, limiter=self._lookups, abandon_on_cancel=True)
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
