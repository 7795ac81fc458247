"""Settings about what agents may reach, with whose credentials, and what is written down of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, cast

from traitlets import Bool, Dict, Enum, Int, List, TraitError, Unicode, validate
from traitlets.config import LoggingConfigurable

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.network.network_policy import canonical
from jupyter_agent_host.host.secret_text import SecretText, hide
from jupyter_agent_host.host.settings import (
    AuditSettings,
    CompanyNetwork,
    McpSettings,
    NetworkSettings,
    ServiceSettings,
)
from jupyter_agent_host.server.config.byte_size_trait import ByteSize
from jupyter_agent_host.server.config.outbound_proxy import read_company
from jupyter_agent_host.server.config.service_credentials import read_headers, read_mcp, read_service, variables


class NetworkTraits(LoggingConfigurable):
    """The part of `AgentHost` that is about the outside. Not for use on its own."""

    allowed_hosts = List(
        Unicode(),
        help="Hosts that agents may reach besides the model: a name (ports 80 and 443), name:port, name:*, "
        "*.suffix, an IP address, * for every public host, or a preset such as python-packages, git-hosting, "
        "npm-packages, conda-packages, cran or huggingface.",
    ).tag(config=True)
    denied_hosts = List(
        Unicode(), help="The same, for hosts that agents may not reach whatever allows them elsewhere."
    ).tag(config=True)
    network_policy = Enum(
        ("deny", "ask"),
        "deny",
        help="What happens with a public host that no rule names: it is refused, or the person is asked once.",
    ).tag(config=True)
    lock_network = Bool(
        False, help="A notebook's owner can narrow what its agent reaches, but not widen it; nobody is asked."
    ).tag(config=True)
    private_hosts = List(
        Unicode(),
        help="Rules for hosts inside your own network whose addresses may be private ones (RFC 1918, RFC 4193). They "
        "need to be allowed as well. Loopback, link-local and metadata addresses are never reached.",
    ).tag(config=True)
    max_network_connections = Int(32, help="Open connections to elsewhere at once, per notebook.").tag(config=True)
    max_network_bytes = ByteSize(
        "10G", help="What one notebook may move over the network in a UTC day, both directions together."
    ).tag(config=True)
    credentials = Dict(
        help="Places outside that the gateway signs in to, by name: url, use (pip, npm, git or other), and one of "
        "basic, bearer or headers, with {env:NAME}, {file:PATH} or {keyring:SERVICE/USER} for each secret."
    ).tag(config=True)
    mcp_servers = Dict(
        help="MCP servers that notebooks may switch on, by name. With command, args and env: runs inside the sandbox. "
        "With url and basic, bearer or headers: outside, signed in to by the gateway. enabled: on from the start."
    ).tag(config=True)
    proxy = Unicode(
        "",
        help="Proxy that the server's machine needs to get out, http://host:port or https://host:port. Unset: "
        "HTTPS_PROXY or ALL_PROXY of the server's environment.",
    ).tag(config=True)
    proxy_user = Unicode(
        "", help="user:password for that proxy, with {env:NAME}, {file:PATH} or {keyring:SERVICE/USER} for secrets."
    ).tag(config=True)
    no_proxy = List(
        Unicode(), help="Names, suffixes, addresses and networks that are reached without it. Unset: NO_PROXY."
    ).tag(config=True)
    ca_bundle = Unicode(
        "",
        help="PEM file of authorities that the gateway trusts besides the public ones. Unset: SSL_CERT_FILE or "
        "REQUESTS_CA_BUNDLE.",
    ).tag(config=True)
    upstream_headers = Dict(
        help="More headers of model requests, for a model gateway of your own; secrets as in `credentials`."
    ).tag(config=True)
    audit = Bool(True, help="Write the audit log, audit/audit.jsonl in the data folder.").tag(config=True)
    audit_required = Bool(
        False, help="Agents wait while the audit log cannot be written, and each record is on the disk first."
    ).tag(config=True)
    max_audit_size = ByteSize("10M", help="Size of one file of the audit log; then the next one begins.").tag(
        config=True
    )
    audit_backups = Int(5, help="How many full files of the audit log are kept.").tag(config=True)

    _company: CompanyNetwork | None = None
    _headers: Mapping[str, SecretText] = {}
    _places: tuple[tuple[ServiceSettings, ...], tuple[McpSettings, ...]] | None = None

    @validate("allowed_hosts", "denied_hosts", "private_hosts")
    def _check_rules(self, proposal: dict[str, Any]) -> list[str]:
        try:
            return [canonical(text) for text in proposal["value"]]
        except ConfigError as err:
            raise TraitError(f"AgentHost.{proposal['trait'].name}: {err}") from err

    @validate("max_network_connections")
    def _check_connections(self, proposal: dict[str, Any]) -> int:
        value = int(proposal["value"])
        if not 1 <= value <= _MOST_CONNECTIONS:
            raise TraitError(f"AgentHost.max_network_connections lies between 1 and {_MOST_CONNECTIONS}, not {value}.")
        return value

    @validate("audit_backups")
    def _check_backups(self, proposal: dict[str, Any]) -> int:
        value = int(proposal["value"])
        if value < 0:
            raise TraitError(f"AgentHost.audit_backups must not be below zero, not {value}.")
        return value

    def take_places(
        self, environ: MutableMapping[str, str] | None = None, *, hidden: bool = True
    ) -> tuple[tuple[ServiceSettings, ...], tuple[McpSettings, ...]]:
        """Services and MCP servers. Secrets of the environment are read once, then hidden from children if `hidden`.

        Raises:
            ConfigError: one of them cannot be used.
        """
        environ = os.environ if environ is None else environ
        if self._places is None:
            try:
                self._company = read_company(self.proxy, self.proxy_user, self.no_proxy, self.ca_bundle, environ)
                self._headers = read_headers("AgentHost.upstream_headers", self.upstream_headers, environ)
                services = tuple(read_service(name, one, environ) for name, one in self.credentials.items())
                servers = tuple(read_mcp(name, one, environ) for name, one in self.mcp_servers.items())
            finally:
                if hidden:
                    hide(environ, variables(self.credentials, self.mcp_servers, self.proxy_user, self.upstream_headers))
            both = {one.name for one in services} & {one.name for one in servers}
            if both:
                raise ConfigError(f"{min(both)!r} is the name of a credential and of an MCP server; change one.")
            self._places = services, servers
        return self._places

    def network_settings(self) -> NetworkSettings:
        """What the host's network policy is made from."""
        return NetworkSettings(
            allowed_hosts=tuple(self.allowed_hosts),
            denied_hosts=tuple(self.denied_hosts),
            policy=cast(Literal["deny", "ask"], self.network_policy),
            locked=self.lock_network,
            private_hosts=tuple(self.private_hosts),
            max_connections=self.max_network_connections,
            max_bytes_per_day=self.max_network_bytes,
        )

    def audit_settings(self) -> AuditSettings:
        """What the host's audit log is made from."""
        return AuditSettings(
            enabled=self.audit,
            required=self.audit_required,
            max_bytes=self.max_audit_size,
            backups=self.audit_backups,
        )


_MOST_CONNECTIONS = 48
"""The gateway carries 64 connections of one notebook; some must be left for the model."""
