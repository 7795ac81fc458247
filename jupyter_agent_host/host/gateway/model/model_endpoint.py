"""Where the model's API is, and an HTTP client that may carry the credential there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway.egress.company_proxy import check_proxy, is_excepted, trusted
from jupyter_agent_host.host.gateway.egress.destination import read_authority
from jupyter_agent_host.host.gateway.gateway_limits import GatewayLimits
from jupyter_agent_host.host.settings import CompanyNetwork, GatewaySettings


@dataclass(frozen=True)
class ModelEndpoint:
    """Checked settings: `base_url` has no slash at its end; `secret` is "" if there is none."""

    base_url: str
    host: str
    is_loopback: bool
    secret: str = field(repr=False)


def check_endpoint(settings: GatewaySettings) -> ModelEndpoint:
    """The endpoint of these settings.

    Raises:
        ConfigError: the base URL or the credential cannot be used.
    """
    base_url, is_loopback = _checked_base_url(settings.base_url)
    return ModelEndpoint(
        base_url=base_url, host=urlsplit(base_url).netloc, is_loopback=is_loopback, secret=_checked_secret(settings)
    )


def make_client(
    endpoint: ModelEndpoint, bounds: GatewayLimits, company: CompanyNetwork | None = None
) -> httpx.AsyncClient:
    """A client that keeps no cookies, follows no redirects and checks certificates.

    Proxy and CA bundle are the company's; without one they come from the server's environment as usual (`HTTPS_PROXY`,
    `SSL_CERT_FILE`). An endpoint on loopback needs neither.

    Raises:
        ConfigError: that environment cannot be used.
    """
    # Plain http (loopback only) never gets to TLS: trust nobody then, rather than load every authority for nothing.
    is_tls = urlsplit(endpoint.base_url).scheme == "https"
    try:
        verify = trusted(company) if is_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.AsyncClient(
            verify=verify,
            proxy=_proxy(endpoint, company),
            trust_env=company is None and not endpoint.is_loopback,
            follow_redirects=False,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            headers={"user-agent": "jupyter-agent-host"},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            timeout=httpx.Timeout(bounds.read_seconds, connect=bounds.connect_seconds, write=bounds.write_seconds),
        )
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as err:
        raise ConfigError(
            "The server's network settings cannot be used for the model's API: "
            f"check HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE ({type(err).__name__})."
        ) from err


def _proxy(endpoint: ModelEndpoint, company: CompanyNetwork | None) -> httpx.Proxy | None:
    """The company's proxy, unless the endpoint is reached without.

    Raises:
        ConfigError: its address or its credential cannot be used.
    """
    if company is None or not company.proxy or endpoint.is_loopback:
        return None
    check_proxy(company.proxy)
    url = urlsplit(endpoint.base_url)
    host = (url.hostname or "").encode("ascii", "replace")
    if is_excepted(company, read_authority(b"[%s]" % host if b":" in host else host, default_port=url.port or 443)):
        return None
    user, _, password = (company.proxy_user.read_now() if company.proxy_user is not None else "").partition(":")
    context = trusted(company) if company.proxy.startswith("https") else None
    return httpx.Proxy(company.proxy, auth=(user, password) if user else None, ssl_context=context)


def _checked_base_url(base_url: str) -> tuple[str, bool]:
    """The base URL without a slash at its end, and whether it lies on loopback."""
    try:
        url = urlsplit(base_url)
        _ = url.port
    except ValueError as err:
        raise ConfigError("ANTHROPIC_BASE_URL is not a URL.") from err
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ConfigError(f"ANTHROPIC_BASE_URL must be an https URL, not {base_url[:200]!r}.")
    if url.username or url.password or url.query or url.fragment:
        raise ConfigError("ANTHROPIC_BASE_URL must not hold a user name, a password, a query or a fragment.")
    is_loopback = _is_loopback(url.hostname)
    if url.scheme == "http" and not is_loopback:
        raise ConfigError("ANTHROPIC_BASE_URL must be https: plain http would show the credential on the network.")
    return base_url.rstrip("/"), is_loopback


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked_secret(settings: GatewaySettings) -> str:
    secret = settings.credential.value if settings.credential is not None else ""
    if not (secret.isascii() and secret.isprintable() and " " not in secret):
        raise ConfigError("The model's credential holds characters that no header can carry.")
    return secret
