"""The model's address and credential, taken out of the server's environment."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.settings import PUBLIC_API, Credential

URL_VARIABLE = "ANTHROPIC_BASE_URL"
CREDENTIAL_VARIABLES: dict[str, Literal["api_key", "auth_token"]] = {
    "ANTHROPIC_API_KEY": "api_key",
    "ANTHROPIC_AUTH_TOKEN": "auth_token",
}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class ModelUpstream:
    """Where model requests go, and with what."""

    base_url: str = PUBLIC_API
    credential: Credential | None = None


def read_upstream(environ: Mapping[str, str]) -> ModelUpstream:
    """Address and credential as the environment has them. Of two credentials the API key wins, as in the CLI.

    Raises:
        ConfigError: the address cannot be used.
    """
    base_url = check_url(environ.get(URL_VARIABLE, "").strip() or PUBLIC_API)
    for variable, kind in CREDENTIAL_VARIABLES.items():
        if value := environ.get(variable, "").strip():
            return ModelUpstream(base_url, Credential(kind, value))
    return ModelUpstream(base_url)


def hide_credentials(environ: MutableMapping[str, str]) -> None:
    """Take the credentials out, so that no child started from now on inherits them. Idempotent."""
    for variable in CREDENTIAL_VARIABLES:
        environ.pop(variable, None)


def check_url(url: str) -> str:
    """The address without a trailing slash.

    Raises:
        ConfigError: no https (or loopback http) address, or one with a password in it.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ConfigError("The upstream's address must not hold a user name or password; use ANTHROPIC_API_KEY.")
    if not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"{url!r} is no address of a model API; use something like {PUBLIC_API}.")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigError(f"The upstream {url!r} must use https; plain http is accepted for loopback only.")
    return url.rstrip("/")
