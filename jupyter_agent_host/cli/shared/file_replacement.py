"""Writing a file in one step."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jupyter_agent_host.errors import AgentHostError


def replace_file(path: Path, text: str) -> None:
    """Put `text` into the file, wholly or not at all; a full disk costs nothing that was there.

    Raises:
        AgentHostError: it cannot be written.
    """
    target = path.resolve()
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as err:
        raise AgentHostError(f"{path} cannot be written: {err.strerror}.") from err


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
