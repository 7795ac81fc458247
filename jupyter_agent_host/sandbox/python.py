"""The Python of a sandbox: what it shares with the notebook's kernel, and where packages that are added go."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

ENVIRONMENT = "/env"
"""Where the writable environment is seen inside; first on PATH."""

STATUS_NAME = ".agent-host.json"
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin")


@dataclass(frozen=True)
class PythonEnvironment:
    """What a provider mounts for Python, besides the workspace.

    Attributes:
        folder: a folder on the host, private to the notebook, which becomes `ENVIRONMENT`, read-write.
        executable: the kernel's interpreter, "" to use the sandbox's own.
        version: its `major.minor`.
        parts: folders and files of the kernel's environment, shown read-only at their own paths.
        packages: its folders of packages, first one first; each is one of `parts`, in one, or belongs to the system.
    """

    folder: Path
    executable: str = ""
    version: str = ""
    parts: tuple[Path, ...] = ()
    packages: tuple[Path, ...] = ()


def belongs_to_system(path: Path) -> bool:
    """Whether every system has files of its own there, so that it cannot be shown at its own path in another."""
    return any(path == Path(place) or Path(place) in path.parents for place in _SYSTEM)


def start_command(
    environment: PythonEnvironment,
    python: Sequence[str],
    own: Sequence[str],
    command: Sequence[str],
    inside: Callable[[Path], str] = str,
) -> list[str]:
    """The command that makes `ENVIRONMENT` ready inside and then becomes `command`.

    Args:
        environment: what was mounted.
        python: an interpreter inside, with options, to run the preparation with.
        own: interpreters of the sandbox's own that the agent may have, best first.
        command: what is run in the end, with the same standard input.
        inside: where a folder of packages is seen inside.
    """
    orders: Mapping[str, object] = {
        "folder": ENVIRONMENT,
        "kernel": environment.executable,
        "version": environment.version,
        "packages": [inside(path) for path in environment.packages],
        "own": list(own),
    }
    source = files("jupyter_agent_host.sandbox").joinpath("prepare_environment.py").read_text(encoding="utf-8")
    return [*python, "-c", source, json.dumps(orders), *command]
