"""The file beside a notebook that holds its saved session where the notebook's own format cannot (a script, Markdown).

It lies beside the notebook and not in the server's data folder: the journal there has the conversation already, and
what is missing is a copy that goes along when the folder is moved, copied or committed. It is as untrusted as a
notebook: what it holds is a signed envelope that is read, checked and asked about exactly as `metadata.agent_host` is.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Any

import msgspec

SIDECAR_SUFFIX = ".agent-session.json"
_KEY = "agent_host"
_MAX_BYTES = 64 * 1024**2


class _Sidecar(msgspec.Struct):
    agent_host: Any = None


def sidecar_path(notebook_path: str) -> str:
    """The path of the notebook's sidecar."""
    return notebook_path + SIDECAR_SUFFIX


def parse_sidecar(content: bytes) -> Any:
    """What a sidecar holds, unjudged; None for nothing, or for what is no sidecar."""
    if len(content) > _MAX_BYTES:
        return None
    try:
        return msgspec.json.decode(content, type=_Sidecar).agent_host
    except (msgspec.DecodeError, RecursionError):
        return None


def sidecar_content(envelope: dict[str, Any]) -> bytes:
    """The bytes of a sidecar that holds this envelope."""
    return msgspec.json.format(msgspec.json.encode({_KEY: envelope}), indent=1) + b"\n"


def replace_sidecar(notebook_path: str, envelope: dict[str, Any]) -> None:
    """Write the notebook's sidecar on this machine, wholly or not at all, readable to whom the notebook is.

    A link of that name is replaced, never followed: a folder from elsewhere may hold one that leads to a file of the
    person's.

    Raises:
        OSError: it cannot be written.
    """
    target = Path(sidecar_path(notebook_path))
    mode = stat.S_IMODE(Path(notebook_path).stat().st_mode) & 0o666
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(sidecar_content(envelope))
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), mode)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_file(path: str) -> None:
    """Take a sidecar away, if it is there.

    Raises:
        OSError: it cannot be removed.
    """
    Path(path).unlink(missing_ok=True)


def move_file(old: str, new: str) -> None:
    """Move a sidecar, if it is there and nothing is at the new path.

    Raises:
        OSError: it cannot be moved.
    """
    if Path(old).is_file() and not os.path.lexists(new):
        Path(old).rename(new)
