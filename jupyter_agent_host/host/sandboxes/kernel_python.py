"""The environment of a notebook's kernel: what of it a sandbox is shown so that it imports what the kernel imports."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_agent_host.host.workspace.copy_in.forbidden_folders import holds_private_files
from jupyter_agent_host.host.workspace.files.file_names import shown
from jupyter_agent_host.host.workspace.files.open_without_links import opened_file, opened_root
from jupyter_agent_host.sandbox.python import STATUS_NAME, PythonEnvironment, belongs_to_system

logger = logging.getLogger(__name__)

_SECONDS = 20
_MAX_STATUS_BYTES = 64 * 1024
_MAX_LINKS = 16
_ASK = (
    "import json, site, sys; print(json.dumps({'version': '%d.%d' % sys.version_info[:2], 'executable': sys.executable,"
    " 'prefixes': [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix], 'packages': [path for path in"
    " sys.path if path.rstrip('/').endswith(('site-packages', 'dist-packages'))]}))"
)
_PARTS = ("bin", "lib", "lib64", "include", "libexec", "ssl", "pyvenv.cfg", "conda-meta")
"""What Python needs of a prefix. Its `etc` and `share/jupyter` hold servers' settings; the rest may be anybody's."""


@dataclass(frozen=True)
class PythonStatus:
    """What the agent's Python turned out to be.

    Attributes:
        kind: `kernel`; `packages`, which are the kernel's while the interpreter is the sandbox's own; or `image`.
        reason: why it is not the kernel's own, "" if it is.
    """

    kind: str
    reason: str = ""


def kernel_environment(executable: str, folder: Path, data_dir: Path) -> PythonEnvironment:
    """What to show of the environment of this interpreter. Blocking: runs it once, for a moment.

    One that does not run, or of which nothing may be shown, gives the sandbox's own Python.
    """
    said = _ask(executable) if executable else None
    if said is None:
        return PythonEnvironment(folder)
    packages = tuple(Path(path) for path in said["packages"] if Path(path).is_dir())
    parts: dict[Path, None] = {}
    for prefix in dict.fromkeys([*map(Path, said["prefixes"]), *_linked_prefixes(Path(said["executable"]))]):
        for place in dict.fromkeys((prefix, prefix.resolve())):
            parts.update(dict.fromkeys(_parts(place)))
    known = tuple(parts)
    parts.update(dict.fromkeys(path for path in packages if not _in_one(path, known)))
    allowed = tuple(
        part for part in parts if not (belongs_to_system(part) or holds_private_files(part.resolve(), data_dir))
    )
    seen = tuple(path for path in packages if belongs_to_system(path) or _in_one(path, allowed))
    return PythonEnvironment(folder, str(said["executable"]), str(said["version"]), allowed, seen)


def read_status(environment: PythonEnvironment) -> PythonStatus:
    """What the sandbox found when it made its environment. The file is the sandbox's: nothing but words is taken."""
    try:
        with opened_root(environment.folder) as root, opened_file(root, STATUS_NAME) as (fd, _):
            found = json.loads(os.pread(fd, _MAX_STATUS_BYTES, 0))
    except (OSError, ValueError, RecursionError):
        return PythonStatus("image", "its environment could not be made")
    kind, reason = (found.get("python"), found.get("reason")) if isinstance(found, dict) else (None, None)
    return PythonStatus(kind if kind in ("kernel", "packages") else "image", shown(str(reason or ""))[:300])


def _ask(executable: str) -> dict[str, Any] | None:
    try:
        done = subprocess.run(
            [executable, "-c", _ASK],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
            cwd="/",
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as err:
        logger.warning("the kernel's Python %s does not say what it is: %s", executable, err)
        return None
    return found


def _parts(prefix: Path) -> list[Path]:
    if prefix == Path("/"):
        return []
    found = [prefix / name for name in _PARTS if (prefix / name).exists()]
    if (prefix / "conda-meta").is_dir() and (prefix / "share").is_dir():
        found += [place for place in sorted((prefix / "share").iterdir()) if place.name != "jupyter"]
    return found


def _linked_prefixes(executable: Path) -> list[Path]:
    """Prefixes of all interpreters on the way along the links, such as those that uv and pyenv keep."""
    found = []
    for _ in range(_MAX_LINKS):
        if not executable.is_symlink():
            break
        executable = Path(os.path.normpath(executable.parent / executable.readlink()))
        found.append(executable.parent.parent)
    return found


def _in_one(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)
