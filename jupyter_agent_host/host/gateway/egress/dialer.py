"""From a permitted destination to a connection: resolved once, checked, and connected to the checked address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
import anyio.abc

from jupyter_agent_host.host.gateway.egress.company_proxy import CompanyProxy
from jupyter_agent_host.host.gateway.egress.destination import Address, Destination
from jupyter_agent_host.host.gateway.egress.egress_refusal import UNREACHABLE, EgressRefusal
from jupyter_agent_host.host.gateway.egress.internet import Outside, ThisMachineError
from jupyter_agent_host.host.gateway.egress.public_addresses import is_companys_own, what_is
from jupyter_agent_host.host.gateway.gateway_limits import GatewayLimits

_MAX_TRIED = 4


@dataclass(frozen=True)
class Reached:
    """A connection, and the address at its other end ("" where a company's proxy chose it)."""

    stream: anyio.abc.ByteStream
    address: str


@dataclass(frozen=True)
class Dialer:
    """Makes connections. No name is resolved twice, so nothing can change between check and connection."""

    outside: Outside
    bounds: GatewayLimits
    proxy: CompanyProxy | None = None

    async def dial(
        self, destination: Destination, *, companys_own: bool = False, this_machine: bool = False
    ) -> Reached:
        """Connect to a permitted destination.

        Args:
            destination: the host and port; that it may be reached was found before.
            companys_own: addresses of RFC 1918 and RFC 4193 will do.
            this_machine: loopback addresses will do; only for what an administrator put there.

        Raises:
            EgressRefusal: no address of it is public, or none answers.
        """
        with anyio.move_on_after(self.bounds.connect_seconds):
            through = self.proxy if self.proxy is not None and self.proxy.serves(destination) else None
            if this_machine:
                through = None
            found = await self._resolved(destination, optional=through is not None)
            addresses = _outside_only(
                destination,
                found,
                lambda address: (companys_own and is_companys_own(address)) or (this_machine and address.is_loopback),
            )
            if through is not None:
                return Reached(await through.connect(destination), "")
            return await self._first(destination, addresses)
        raise _unreachable(destination, "it did not answer in time")

    async def _resolved(self, destination: Destination, *, optional: bool) -> Sequence[Address]:
        """Where a proxy resolves names it may know some that this machine does not (`optional`)."""
        if destination.address is not None:
            return [destination.address]
        found: Sequence[Address] = []
        try:
            found = await self.outside.resolve(destination.host)
        except OSError as err:
            if optional:
                return []
            raise _unreachable(destination, "its name could not be looked up") from err
        if not found and not optional:
            raise _unreachable(destination, "there is no such name")
        return found

    async def _first(self, destination: Destination, addresses: Sequence[Address]) -> Reached:
        share = self.bounds.connect_seconds / min(len(addresses), _MAX_TRIED)
        for address in addresses[:_MAX_TRIED]:
            with anyio.move_on_after(share):
                try:
                    return Reached(await self.outside.connect(address, destination.port), str(address))
                except ThisMachineError as err:
                    raise private(destination, "this machine's own address") from err
                except OSError:
                    continue
        raise _unreachable(destination, "nothing answers there")


def private(destination: Destination, what: str) -> EgressRefusal:
    """The refusal of an address that is not outside."""
    return EgressRefusal(
        "private_address",
        f"{destination.host} is {what}: only public addresses can be reached from the sandbox, whatever the rules say.",
    )


def _outside_only(
    destination: Destination, found: Sequence[Address], excused: Callable[[Address], bool]
) -> Sequence[Address]:
    judged = [(address, what_is(address)) for address in found]
    kept = [address for address, what in judged if not what or excused(address)]
    if found and not kept:
        raise private(destination, judged[0][1])
    return kept


def _unreachable(destination: Destination, why: str) -> EgressRefusal:
    return EgressRefusal("unreachable", f"{destination} cannot be reached: {why}.", status=UNREACHABLE)
