"""Host rules as people write them: `python.org`, `*.example.org`, `git.example.org:8443`, `*`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

import idna

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway.egress.destination import Destination, read_authority, read_host
from jupyter_agent_host.host.gateway.egress.egress_refusal import EgressRefusal

WEB_PORTS = frozenset({80, 443})
MAX_RULE_CHARACTERS = 300


@dataclass(frozen=True)
class HostRule:
    """One rule. `text` is its one canonical spelling.

    Attributes:
        host: "" for every host.
        below: the rule names the hosts below `host` at any depth, not `host` itself.
        ports: None for every port.
    """

    text: str
    host: str
    below: bool
    ports: frozenset[int] | None

    def names(self, destination: Destination) -> bool:
        """Whether the destination is one of those that the rule names."""
        if self.ports is not None and destination.port not in self.ports:
            return False
        if self.below:
            return destination.address is None and destination.host.endswith(f".{self.host}")
        return not self.host or destination.host == self.host


def read_rule(text: str) -> HostRule:
    """A rule from its text: `host`, `*.suffix`, an IP address, or `*`; then `:port`, `:*`, or nothing for 80 and 443.

    Raises:
        ConfigError: it is none; the sentence says what is wrong.
    """
    stripped = text.strip()
    if not stripped or len(stripped) > MAX_RULE_CHARACTERS:
        raise ConfigError("A network rule is a host such as python.org, *.example.org or git.example.org:8443.")
    bare, ports, suffix = _ports(stripped)
    if bare == "*":
        return HostRule(f"*{suffix}", "", below=False, ports=ports)
    below = bare.startswith("*.")
    try:
        host = _host(bare.removeprefix("*."))
    except (EgressRefusal, UnicodeError) as err:
        raise ConfigError(f"{stripped!r} is no network rule: {err}") from err
    if below and (host.address is not None or "." not in host.host):
        raise ConfigError(f"{stripped!r} is too wide for a network rule; name a domain, such as *.example.org.")
    shown = f"[{host.host}]" if ":" in host.host else host.host
    return HostRule(f"{'*.' if below else ''}{shown}{suffix}", host.host, below=below, ports=ports)


def first_naming(rules: Iterable[HostRule], destination: Destination) -> HostRule | None:
    """The first rule that names the destination."""
    return next((rule for rule in rules if rule.names(destination)), None)


def _ports(text: str) -> tuple[str, frozenset[int] | None, str]:
    """The host part, the ports, and the ports' spelling."""
    if text.count(":") > 1 and not text.startswith("["):
        return f"[{text}]", WEB_PORTS, ""  # an IPv6 address without brackets
    host, separator, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not separator:
        return text, WEB_PORTS, ""
    if port == "*":
        return host, None, ":*"
    if not (port.isdecimal() and port.isascii() and 1 <= int(port) <= 65535):  # noqa: PLR2004 - TCP's ports
        raise ConfigError(f"{text!r} is no network rule: {port!r} is no port.")
    return host, frozenset({int(port)}), f":{int(port)}"


def _host(text: str) -> Destination:
    if text.startswith("["):
        return read_authority(text.encode("ascii"), default_port=1)
    if not text.isascii():
        text = idna.encode(text, uts46=True).decode("ascii")
    try:
        address = ip_address(text)
    except ValueError:
        data = text.encode("ascii")
        return read_host(data, 1, data)
    return Destination(str(address), 1, address)
