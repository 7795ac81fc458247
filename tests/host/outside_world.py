"""A world outside for tests: public names and addresses that lead to servers on this machine.

Everything that the gateway checks stays as it is. Only the last step, from a checked public address to a connection, is
taken here instead of in the system's network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

import anyio
import anyio.abc

from jupyter_agent_host.host.gateway.egress.destination import Address

PUBLIC = ip_address("93.184.216.34")


@dataclass
class World:
    """Names, servers, and what was asked for.

    Attributes:
        names: the addresses of each name, one list for each look-up (the last one stays).
        ports: where a connection to (address, port) really goes; what is neither there nor loopback refuses it.
        asked: names looked up, connections tried.
    """

    names: dict[str, list[list[str]]] = field(default_factory=dict)
    ports: dict[tuple[str, int], int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, name: str, port: int, real_port: int, address: str = str(PUBLIC)) -> None:
        """`name:port` is a server at `real_port` of this machine's loopback."""
        self.names.setdefault(name, [[address]])
        self.ports[address, port] = real_port

    async def resolve(self, host: str) -> Sequence[Address]:
        self.asked.append(host)
        answers = self.names.get(host, [[]])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ip_address(text) for text in found]

    async def connect(self, address: Address, port: int) -> anyio.abc.ByteStream:
        self.asked.append(f"{address}:{port}")
        real = port if address.is_loopback else self.ports.get((str(address), port))
        if real is None:
            raise ConnectionRefusedError
        return await anyio.connect_tcp("127.0.0.1", real)
