"""Credentials and MCP servers as an administrator writes them, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.secret_text import SecretText, names_in_environment, read_secret_text
from jupyter_agent_host.host.settings import McpSettings, ServiceSettings, ServiceUse

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_RESERVED = {"notebook"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def read_service(name: str, value: Any, environ: Mapping[str, str]) -> ServiceSettings:
    """One entry of `AgentHost.credentials`.

    Raises:
        ConfigError: it cannot be used; the sentence says why, and shows no secret.
    """
    where = f"AgentHost.credentials[{name!r}]"
    uses = [use for use in get_args(ServiceUse) if use != "mcp"]
    entry = _entry(where, name, value, {"url", "use", "basic", "bearer", "headers", "push"})
    use = entry.get("use", "other")
    if use not in uses:
        raise ConfigError(f"{where}: use is one of {', '.join(uses)}, not {use!r}.")
    headers, basic = _signing_in(where, entry, environ)
    return ServiceSettings(
        name=name,
        url=_url(where, entry.get("url")),
        use=use,
        headers=headers,
        basic=basic,
        push=bool(entry.get("push", False)),
    )


def read_mcp(name: str, value: Any, environ: Mapping[str, str]) -> McpSettings:
    """One entry of `AgentHost.mcp_servers`.

    Raises:
        ConfigError: it cannot be used; the sentence says why, and shows no secret.
    """
    where = f"AgentHost.mcp_servers[{name!r}]"
    common = {"enabled", "about"}
    if isinstance(value, Mapping) and "url" in value:
        entry = _entry(where, name, value, common | {"url", "type", "basic", "bearer", "headers"})
        if entry.get("type", "http") not in ("http", "sse"):
            raise ConfigError(f"{where}: type is http or sse.")
        headers, basic = _signing_in(where, entry, environ)
        url = _url(where, entry["url"])
        return McpSettings(
            name=name,
            service=ServiceSettings(name=name, url=url, use="mcp", headers=headers, basic=basic),
            transport=entry.get("type", "http"),
            enabled=bool(entry.get("enabled", False)),
            about=str(entry.get("about", "")),
        )
    entry = _entry(where, name, value, common | {"command", "args", "env"})
    args, env = entry.get("args", []), entry.get("env", {})
    if not (isinstance(entry.get("command"), str) and entry["command"]) or not _is_text(args) or not _is_text_map(env):
        raise ConfigError(f"{where} needs a url, or a command (text) with args (texts) and env (texts by name).")
    if names_in_environment(repr(entry)) or "{keyring:" in repr(entry) or "{file:" in repr(entry):
        raise ConfigError(f"{where} runs inside the sandbox, where no secret may go; use an http server instead.")
    return McpSettings(
        name=name,
        command=entry["command"],
        args=tuple(args),
        env=dict(env),
        enabled=bool(entry.get("enabled", False)),
        about=str(entry.get("about", "")),
    )


def read_headers(where: str, value: Any, environ: Mapping[str, str]) -> dict[str, SecretText]:
    """Headers with secrets, by name.

    Raises:
        ConfigError: they cannot be used.
    """
    try:
        return {header: read_secret_text(text, environ) for header, text in _headers(value).items()}
    except ConfigError as err:
        raise ConfigError(f"{where}: {err}") from err


def variables(*entries: Any) -> set[str]:
    """The environment variables that hold secrets of these settings, also where one is wrong otherwise."""
    return names_in_environment(repr(entries))


def _entry(where: str, name: str, value: Any, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
        raise ConfigError(f"{where}: a name is of lower case letters, digits, dashes and underscores.")
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be a dictionary.")
    unknown = sorted(set(map(str, value)) - known)
    if unknown:
        raise ConfigError(f"{where} has no {unknown[0]!r}; it has {', '.join(sorted(known))}.")
    return value


def _url(where: str, url: Any) -> str:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"{where} needs a url without user, password, query or fragment.")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ConfigError(f"{where}: url must be https; plain http would show the credential on the network.")
    return str(url)


def _signing_in(
    where: str, entry: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[dict[str, SecretText], SecretText | None]:
    given = [way for way in ("basic", "bearer", "headers") if way in entry]
    if len(given) > 1:
        raise ConfigError(f"{where} signs in by one of basic, bearer and headers, not by {' and '.join(given)}.")
    try:
        if "basic" in entry:
            return {}, read_secret_text(_text(entry["basic"]), environ)
        if "bearer" in entry:
            return {"Authorization": read_secret_text(f"Bearer {_text(entry['bearer'])}", environ)}, None
        return read_headers("headers", entry.get("headers", {}), environ), None
    except ConfigError as err:
        raise ConfigError(f"{where}: {err}") from err


def _headers(value: Any) -> Mapping[str, str]:
    if not _is_text_map(value) or not all(_HEADER.fullmatch(header) for header in value):
        raise ConfigError("headers are texts by header name.")
    checked: Mapping[str, str] = value
    return checked


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError("basic and bearer are texts, such as basic = 'user:{env:TOKEN}'.")
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)


def _is_text_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(one, str) for pair in value.items() for one in pair)
