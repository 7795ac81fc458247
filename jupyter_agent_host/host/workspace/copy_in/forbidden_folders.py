"""Folders that a sandbox is never shown: homes, Jupyter's own, the running Python, the system."""

from __future__ import annotations

import os
import pwd
import sys
from contextlib import suppress
from pathlib import Path

from jupyter_core.paths import jupyter_config_path, jupyter_data_dir, jupyter_path, jupyter_runtime_dir

from jupyter_agent_host.host.workspace.files.masked_files import VENV_MARKS

_SYSTEM = (
    *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root"),
    *("/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/usr/lib", "/usr/local", "/usr/share", "/var", "/var/lib"),  # noqa: S108 - never written, only refused
    *("/var/tmp", "/Applications", "/Library", "/System", "/Users", "/Volumes", "/private"),  # noqa: S108 - as above
)
_SYSTEM_DEEP = ("/boot", "/dev", "/etc", "/proc", "/sys")
_SYSTEMS_OWN = "is part of the system's own settings"
_JUPYTERS_OWN = "lies in a Jupyter folder"
_PYTHONS_OWN = "lies in the running Python"
UNTOUCHABLE = (_SYSTEMS_OWN, _JUPYTERS_OWN, _PYTHONS_OWN)
"""Problems of folders of which not even the plain files are shown."""


def folder_problem(folder: Path, state_dir: Path) -> str:
    """What makes this folder one that is never shown, as a clause after "it"; "" if it can be shown.

    A virtual environment within the folder is no reason, even if it is the running one: it is left out instead.
    """
    real = folder.resolve()
    if any(_within(real, Path(place)) for place in _SYSTEM_DEEP):
        return _SYSTEMS_OWN
    if str(real) in _SYSTEM:
        return "belongs to the system"
    for places, reason in (
        (_homes(), "is or holds your home folder"),
        (_jupyter(), "is or holds a Jupyter folder"),
        ([state_dir], "holds this server's private files"),
        (_prefixes(real), "is or holds the running Python"),
    ):
        if any(_within(place, real) for place in places):
            return reason
    if any(_within(real, place) for place in (*_jupyter(), state_dir.resolve())):
        return _JUPYTERS_OWN
    shared = [Path(sys.prefix, name).resolve() for name in ("share/jupyter", "etc/jupyter")]
    packages = [Path(place).resolve() for place in sys.path if "-packages" in place]
    if any(_within(real, place) for place in (*shared, *packages)):
        return _PYTHONS_OWN
    return ""


def holds_private_files(place: Path, state_dir: Path) -> bool:
    """Whether a home, a Jupyter folder or this server's own files lie there or below, or it lies in such a folder."""
    jupyter = [*_jupyter(), state_dir.resolve()]
    return any(_within(private, place) for private in (*_homes(), *jupyter)) or any(
        _within(place, private) for private in jupyter
    )


def _homes() -> list[Path]:
    homes = [Path.home()]
    with suppress(KeyError):  # a container's user without an entry
        homes.append(Path(pwd.getpwuid(os.getuid()).pw_dir))
    return _real(homes)


def _jupyter() -> list[Path]:
    ipython = os.environ.get("IPYTHONDIR", "~/.ipython")  # IPython's own setting; asking IPython would import all of it
    names = [jupyter_data_dir(), jupyter_runtime_dir(), *jupyter_path(), *jupyter_config_path(), ipython]
    places = _real([Path(name).expanduser() for name in names])
    prefix = Path(sys.prefix).resolve()
    return [place for place in places if not _within(place, prefix)]


def _prefixes(folder: Path) -> list[Path]:
    prefixes = _real([Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix)])
    return [prefix for prefix in prefixes if prefix == folder or not _is_environment(prefix)]


def _is_environment(prefix: Path) -> bool:
    # os.path answers False where this user may not look, where pathlib raises.
    return any(os.path.exists(prefix / mark) for mark in VENV_MARKS)  # noqa: PTH110


def _real(paths: list[Path]) -> list[Path]:
    return [path.resolve() for path in paths if path.is_absolute() and path != Path("/")]


def _within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents
