"""Which addresses count as the outside. All others belong to this machine, its network, or to nobody."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from jupyter_agent_host.host.gateway.egress.destination import Address

_CARRIER_NAT = IPv4Network("100.64.0.0/10")
_METADATA = frozenset(
    map(
        ip_address,
        # Also of clouds whose metadata service stands at an address that is otherwise public or shared.
        (
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
        ),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPANY = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))


def what_is(address: Address) -> str:
    """What an address is that is not public, as a phrase such as "a loopback address"; nothing for a public one.

    IPv6 forms that carry an IPv4 address (mapped, NAT64, 6to4, Teredo) are judged by that one, too.
    """
    inside = _carried(address) if isinstance(address, IPv6Address) else []
    for inner in inside:
        if found := what_is(inner):
            return found
    kinds = {
        "a cloud's metadata service": address in _METADATA,
        "a loopback address": address.is_loopback or address.is_unspecified,
        "a link-local address": address.is_link_local,
        "a multicast address": address.is_multicast,
        "a shared (carrier NAT) address": address in _CARRIER_NAT,
        "a private or reserved address": not inside and not _is_global(address),
    }
    return next((kind for kind, holds in kinds.items() if holds), "")


def is_companys_own(address: Address) -> bool:
    """Whether the address is one that a company uses inside (RFC 1918, RFC 4193).

    An administrator may name hosts there. Loopback, link-local, shared and metadata addresses are none of these.
    """
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return is_companys_own(address.ipv4_mapped)
    return address not in _METADATA and any(address in network for network in _COMPANY)


def _is_global(address: Address) -> bool:
    return address.is_global and (isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST)


def _carried(address: IPv6Address) -> list[IPv4Address]:
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]
