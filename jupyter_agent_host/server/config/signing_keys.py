"""The keys that notebooks' saved sessions are signed with."""

from __future__ import annotations

from pathlib import Path

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.store.envelope.signatures import SigningKey, derive_key

_MIN_SECRET_BYTES = 16


def signing_keys(notebook_secret: bytes, secret_file: str = "") -> tuple[SigningKey, ...]:
    """The shared secret's key first when there is one: it signs, and this server's own key still verifies.

    Raises:
        ConfigError: the shared secret cannot be read, or is too short to be one.
    """
    secrets = [notebook_secret]
    if secret_file:
        secrets.insert(0, _read_secret(Path(secret_file).expanduser()))
    return tuple(derive_key(secret) for secret in secrets)


def _read_secret(path: Path) -> bytes:
    try:
        secret = path.read_bytes().strip()
    except OSError as err:
        raise ConfigError(f"AgentHost.secret_file {str(path)!r} cannot be read: {err.strerror}.") from err
    if len(secret) < _MIN_SECRET_BYTES:
        raise ConfigError(f"AgentHost.secret_file {str(path)!r} holds less than {_MIN_SECRET_BYTES} bytes of secret.")
    return secret
