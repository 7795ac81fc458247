"""What the gateway asks about one notebook's network, and what it tells afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import anyio

from jupyter_agent_host.host.gateway.egress.destination import Destination


@dataclass(frozen=True)
class Permitted:
    """A destination may be reached.

    Attributes:
        rule: what says so, such as "allowed_hosts: python.org" or "allowed by alice".
        companys_own: addresses inside the company's own network (RFC 1918, RFC 4193) will do for this host.
    """

    rule: str
    companys_own: bool = False


@dataclass(frozen=True)
class EgressRecord:
    """What became of one attempt to get out; holds no path, header or body.

    Attributes:
        verdict: allowed, denied, or failed (allowed, yet not reached).
        rule: who or what decided.
        via: connect, http, or the name of the service whose credential was used.
        address: what was connected to, "" if nothing was.
        bytes_in: received from outside; `bytes_out`: sent there.
    """

    destination: Destination
    verdict: str
    rule: str
    via: str
    address: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    duration_ms: int = 0


class Network(Protocol):
    """One notebook's network: who may be reached, how much, and the record of it."""

    @property
    def dialling(self) -> anyio.CapacityLimiter:
        """Bounds look-ups and connection attempts at once: slow ones of one notebook cost no other its turn."""

    async def permit(self, destination: Destination) -> Permitted:
        """Say whether this destination may be reached; may wait for a person.

        Raises:
            EgressRefusal: it may not.
        """

    async def permit_service(self, name: str, use: str, destination: Destination) -> Permitted:
        """The same for a named service whose credential the gateway adds; asks nobody.

        Raises:
            EgressRefusal: it may not be reached.
        """

    def count(self, size: int) -> None:
        """Account for bytes in either direction.

        Raises:
            EgressRefusal: that was more than this notebook may move.
        """

    def open_one(self) -> None:
        """Account for one more open connection; each is followed by `close_one`.

        Raises:
            EgressRefusal: there are too many.
        """

    def close_one(self) -> None: ...

    async def record(self, record: EgressRecord) -> None:
        """Keep the record. Called once for each attempt."""
