"""Which folders the Python that runs Jupyter needs, wherever it lives: a system, a venv, pyenv, conda or uv prefix."""

from __future__ import annotations

import importlib.util
import os
import site
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PACKAGES = ("jupyter_agent_host", "claude_agent_sdk")
_MAX_LINKS = 16
_RUN = (
    "import runpy, sys; module, *folders = sys.argv[1:]; sys.argv[1:] = []; sys.path += folders;"
    " runpy.run_module(module, run_name='__main__', alter_sys=True)"
)
"""Instead of PYTHONPATH, which the agent's own programs would inherit."""


@dataclass(frozen=True)
class Interpreter:
    """One Python, as seen from outside.

    Attributes:
        executable: what is run.
        prefixes: the environment's prefix first, then those it stands on.
        packages: folders of modules that lie outside every prefix: the user's own site-packages, and the folder of
            this package when it is installed editable.
        user_site: the user's own site-packages, which Python would not look into once the home is hidden.
    """

    executable: Path
    prefixes: tuple[Path, ...]
    packages: tuple[Path, ...] = ()
    user_site: tuple[Path, ...] = ()

    def run_module(self, module: str) -> list[str]:
        """The command that runs a module inside, wherever its package lies."""
        loose = self.loose_folders()
        start = ["-c", _RUN, module, *loose] if loose else ["-m", module]
        return [str(self.executable), "-P", *start]

    def loose_folders(self) -> list[str]:
        """Folders that hold packages outside every site-packages, to be put on `sys.path`."""
        return list(dict.fromkeys(str(path.parent) for path in self.packages if path not in self.user_site))


def this_interpreter() -> Interpreter:
    """The one that runs this host. Reads only; imports nothing."""
    prefixes = _unique(
        _plain(prefix) for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    )
    user_site = _user_site(prefixes)
    packages = [*user_site, *_loose_packages((*prefixes, *user_site))]
    return Interpreter(_plain(sys.executable), prefixes, _unique(packages), user_site)


def _plain(path: str) -> Path:
    """Without `..`, which a mount point cannot have: Python may be started as `../bin/python`. Links are kept."""
    return Path(os.path.normpath(Path(path).absolute()))


def link_chain(executable: Path) -> list[Path]:
    """Every path that is passed through on the way from `executable` to the real file, both ends included."""
    chain = [executable]
    while chain[-1].is_symlink() and len(chain) < _MAX_LINKS:
        chain.append(Path(os.path.normpath(chain[-1].parent / chain[-1].readlink())))
    return _with_real(chain)


def covers(folders: tuple[Path, ...], path: Path) -> bool:
    """Whether `path` is one of the folders or inside one."""
    return any(path.is_relative_to(folder) for folder in folders)


def _with_real(chain: list[Path]) -> list[Path]:
    real = chain[0].resolve()
    return chain if chain[-1] == real else [*chain, real]


def _user_site(prefixes: tuple[Path, ...]) -> tuple[Path, ...]:
    folder = Path(site.getusersitepackages())
    if not site.ENABLE_USER_SITE or not folder.is_dir() or covers(prefixes, folder):
        return ()
    return (folder,)


def _loose_packages(known: tuple[Path, ...]) -> list[Path]:
    specs = [spec for spec in map(importlib.util.find_spec, _PACKAGES) if spec is not None]
    folders = [Path(folder) for spec in specs for folder in spec.submodule_search_locations or ()]
    return [folder for folder in folders if not covers(known, folder)]


def _unique(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(paths))
