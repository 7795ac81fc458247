"""How the server's machine gets out, from settings and from the variables that all tools know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.secret_text import SecretText, read_secret_text
from jupyter_agent_host.host.settings import CompanyNetwork

_PROXY = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_NO_PROXY = ("NO_PROXY", "no_proxy")
_CA = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def read_company(
    proxy: str, proxy_user: str, no_proxy: list[str], ca_bundle: str, environ: Mapping[str, str]
) -> CompanyNetwork | None:
    """Settings win over variables; None where neither says anything.

    Raises:
        ConfigError: one of them cannot be used. No sentence shows a password.
    """
    url = proxy or _first(environ, _PROXY)
    names = no_proxy or [name for name in _first(environ, _NO_PROXY).replace(" ", ",").split(",") if name]
    bundle = ca_bundle or _first(environ, _CA)
    if not (url or bundle):
        return None
    address, user = _parted(url)
    if proxy_user:
        user = read_secret_text(proxy_user, environ)
    if bundle and not Path(bundle).expanduser().is_file():
        raise ConfigError(f"The CA bundle {bundle!r} (AgentHost.ca_bundle, or SSL_CERT_FILE) is no file.")
    return CompanyNetwork(
        proxy=address,
        proxy_user=user,
        no_proxy=tuple(names),
        ca_bundle=Path(bundle).expanduser() if bundle else None,
    )


def _parted(url: str) -> tuple[str, SecretText | None]:
    """Address and credential of a proxy whose URL may hold both, as the usual variables do."""
    if not url:
        return "", None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError as err:
        raise ConfigError("The proxy (AgentHost.proxy, or HTTPS_PROXY) is no address.") from err
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError("The proxy (AgentHost.proxy, or HTTPS_PROXY) must be http://host:port or https://host:port.")
    shown = f"[{host}]" if ":" in host else host
    address = f"{parts.scheme}://{shown}" + (f":{port}" if port else "")
    if parts.username is None:
        return address, None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return address, SecretText((pair,), "the proxy's address")


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environ[name].strip() for name in names if environ.get(name, "").strip()), "")
