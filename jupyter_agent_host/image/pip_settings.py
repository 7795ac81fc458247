"""The person's package index settings, as pip inside the build needs them.

Only settings that mean something in another file system are taken: indexes and pages over http(s), proxies, timeouts.
They may hold credentials; they go into the throw-away stage of the build and nowhere else.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_URLS = ("index-url", "extra-index-url", "find-links")
_PLAIN = ("trusted-host", "proxy", "timeout", "default-timeout", "retries")
_SECTIONS = ("global", "install", ":env:")
_CA_INSIDE = "/run/settings/ca.pem"


@dataclass(frozen=True)
class PipSettings:
    """Options of pip's configuration file. `repr` shows none of the values."""

    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def to_config(self, *, with_ca: bool) -> str:
        """The text of a pip configuration file; `with_ca` points pip at the bundle beside it."""
        lines = ["[global]", *(f"{name} = {value}" for name, value in sorted(self.options.items()))]
        if with_ca:
            lines.append(f"cert = {_CA_INSIDE}")
        return "\n".join(lines) + "\n"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Passwords and tokens in URLs, longest first; they are masked in whatever the build prints."""
        found = {
            secret for value in self.options.values() for url in value.split() for secret in _url_secrets(url) if secret
        }
        return tuple(sorted(found, key=len, reverse=True))


def read_pip_settings() -> PipSettings:
    """What `pip config list` of this interpreter says; nothing if pip is not installed here."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return parse_pip_config(done.stdout) if done.returncode == 0 else PipSettings()


def parse_pip_config(listing: str) -> PipSettings:
    """Read the lines `section.name='value'` that `pip config list` prints; later sections win as they do for pip."""
    merged: dict[str, str] = {}
    entries = [_entry(line) for line in listing.splitlines()]
    for section in _SECTIONS:
        merged.update({name: value for where, name, value in entries if where == section})
    kept = {name: merged[name] for name in _PLAIN if merged.get(name)}
    for name in _URLS:
        urls = [url for url in merged.get(name, "").split() if urlsplit(url).scheme in ("http", "https")]
        if urls:
            kept[name] = " ".join(urls)
    return PipSettings(kept)


def _entry(line: str) -> tuple[str, str, str]:
    key, _, quoted = line.partition("=")
    section, _, name = key.strip().partition(".")
    try:
        value = str(ast.literal_eval(quoted.strip()))
    except (SyntaxError, ValueError):
        value = quoted.strip()
    return section, name, " ".join(value.split())


def _url_secrets(url: str) -> tuple[str, ...]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ()
    return (parts.password or "",) if parts.password else (parts.username or "",)
