"""Text with secrets in it, as a setting names them: `{env:NAME}`, `{file:PATH}`, `{keyring:SERVICE/USER}`.

Read on the host only. Nothing of it is ever shown: not in `repr`, not in an error, not in a log.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio.to_thread

from jupyter_agent_host.errors import ConfigError, CredentialMissingError

_PLACE = re.compile(r"\{(env|file|keyring):([^{}]+)\}")
_MAX_BYTES = 64 * 1024
_KEYRING_SECONDS = 300.0


@dataclass(frozen=True)
class SecretText:
    """One setting's text. What came from the environment was read when it was made; the rest is read when asked for.

    Attributes:
        parts: plain text and sources in turns.
        label: where the secrets come from, without any of them; for errors.
    """

    parts: tuple[str | SecretSource, ...] = field(repr=False)
    label: str = ""

    async def read(self) -> str:
        """The text with its secrets. Files are read anew each time; a keyring's answer holds for some minutes.

        Raises:
            CredentialMissingError: one of them is not there, or cannot stand in a header.
        """
        return self._checked([part if isinstance(part, str) else await part.read() for part in self.parts])

    def read_now(self) -> str:
        """The same, blocking."""
        return self._checked([part if isinstance(part, str) else part.read_now() for part in self.parts])

    def _checked(self, pieces: list[str]) -> str:
        text = "".join(pieces)
        if not (text.isascii() and text.isprintable()):
            raise CredentialMissingError(f"What {self.label} gives cannot be used in a header.")
        return text


class SecretSource:
    """One placeholder. `get` blocks."""

    def __init__(
        self, label: str, get: Callable[[], str | None], *, keep_seconds: float = 0.0, blocks: bool = True
    ) -> None:
        self.label = label
        self._blocks = blocks
        self._get = get
        self._keep_seconds = keep_seconds
        self._kept: tuple[float, str] | None = None

    def __repr__(self) -> str:
        return f"Source({self.label!r})"

    async def read(self) -> str:
        """The secret.

        Raises:
            CredentialMissingError: there is none.
        """
        return await anyio.to_thread.run_sync(self.read_now) if self._blocks else self.read_now()

    def read_now(self) -> str:
        """The same, blocking."""
        now = time.monotonic()
        if self._kept is not None and now < self._kept[0]:
            return self._kept[1]
        value = self._get()
        if not value:
            raise CredentialMissingError(f"The Jupyter server has no credential at {self.label}.")
        self._kept = (now + self._keep_seconds, value) if self._keep_seconds else None
        return value


def read_secret_text(text: str, environ: Mapping[str, str]) -> SecretText:
    """Text from a setting.

    Raises:
        ConfigError: braces that are no placeholder, or a keyring that is not installed.
    """
    parts: list[str | SecretSource] = []
    labels: list[str] = []
    end = 0
    for match in _PLACE.finditer(text):
        parts.append(text[end : match.start()])
        source = _source(match[1], match[2].strip(), environ)
        parts.append(source)
        labels.append(source.label)
        end = match.end()
    parts.append(text[end:])
    if any(mark in part for part in parts if isinstance(part, str) for mark in "{}"):
        raise ConfigError("A credential holds {env:NAME}, {file:PATH} or {keyring:SERVICE/USER}, and no other braces.")
    return SecretText(tuple(parts), ", ".join(labels) or "the setting itself")


def names_in_environment(text: str) -> set[str]:
    """The variables that a setting's text takes from the environment."""
    return {match[2].strip() for match in _PLACE.finditer(text) if match[1] == "env"}


def hide(environ: MutableMapping[str, str], names: set[str]) -> None:
    """Take variables out, so that no child started from now on inherits them. Idempotent."""
    for name in names:
        environ.pop(name, None)


def _source(kind: str, where: str, environ: Mapping[str, str]) -> SecretSource:
    if kind == "env":
        value = environ.get(where, "").strip()
        return SecretSource(f"environment variable {where}", lambda: value, blocks=False)
    if kind == "file":
        path = Path(where).expanduser()
        return SecretSource(f"file {path}", lambda: _read_file(path))
    service, separator, user = where.rpartition("/")
    if not (service and separator and user):
        raise ConfigError(f"{{keyring:{where}}} must name a service and a user: {{keyring:SERVICE/USER}}.")
    return SecretSource(f"keyring entry {where}", _keyring(service, user), keep_seconds=_KEYRING_SECONDS)


def _read_file(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return None


def _keyring(service: str, user: str) -> Callable[[], str | None]:
    try:
        import keyring  # noqa: PLC0415 - an extra, needed by those who name it
    except ImportError as err:
        raise ConfigError("{keyring:…} needs the keyring package: pip install 'jupyter-agent-host[keyring]'.") from err

    def get() -> str | None:
        from keyring.errors import KeyringError  # noqa: PLC0415 - as above

        try:
            value: str | None = keyring.get_password(service, user)
        except KeyringError:
            return None
        return value

    return get
