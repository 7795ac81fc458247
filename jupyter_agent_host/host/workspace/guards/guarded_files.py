"""Changes that could run, or give orders, in the person's own processes later. They wait for a grant.

Not guarded on purpose: what a person runs knowingly (`Makefile`, `setup.py`, `setup.cfg`, `pytest.ini`, scripts, their
own modules) and `.gitignore` with its like, which run nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from jupyter_agent_host.host.workspace.files.file_names import folded
from jupyter_agent_host.host.workspace.files.masked_files import Masks
from jupyter_agent_host.host.workspace.guards.importable_names import importable_names, module_name
from jupyter_agent_host.store.sidecar import SIDECAR_SUFFIX

_FILES = {
    "*.ipynb": "notebooks are edited through cells, not as files",
    f"*{SIDECAR_SUFFIX}": "it holds the saved session of an agent",
    "*.pth": "Python runs it at start",
    "*._pth": "Python reads it at start",
    "pyvenv.cfg": "it makes a folder a Python environment",
    "conftest.py": "pytest runs it",
    "sitecustomize.py": "Python runs it at start",
    "usercustomize.py": "Python runs it at start",
    "ipython*_config.*": "IPython runs it at start",
    "jupyter*_config.*": "Jupyter runs it at start",
    "matplotlibrc": "matplotlib reads it at import and may load code that it names",
    "*.pyc": "Python would run it unseen",
    "*.pyo": "Python would run it unseen",
    "*.so": "Python would run it unseen",
    "*.so.*": "Python would run it unseen",
    "*.pyd": "Python would run it unseen",
    "*.desktop": "the desktop may run it",
    **dict.fromkeys(
        (
            *("claude.md", "claude.local.md", "agents.md", "agents.override.md", "agent.md", "gemini.md", "qwen.md"),
            *("codex.md", "crush.md", "warp.md", "skill.md", "copilot-instructions.md", "*.instructions.md"),
            *("*.prompt.md", "*.chatmode.md", "*.agent.md", "*.mdc"),
        ),
        "other agents of yours take orders from it",
    ),
    **dict.fromkeys(
        (
            *("mcp.json", "*.mcp.json", "mcp_config.json", "mcp-config.json", "*mcp_settings.json"),
            *("opencode.json", "opencode.jsonc", "crush.json", "claude_desktop_config.json", "*.code-workspace"),
        ),
        "other agents or editors of yours start programs that it names",
    ),
}
_FOLDERS = {
    ".git": "git runs hooks and settings in it",
    ".hg": "Mercurial runs hooks and settings in it",
    ".svn": "Subversion reads its settings from it",
    "site-packages": "it holds code that Python imports",
    "dist-packages": "it holds code that Python imports",
    "conda-meta": "it is part of a Python environment",
    "_darcs": "darcs runs commands that its settings name",
}
_HARMLESS = frozenset({".gitignore", ".gitkeep", ".keep", ".nojekyll", ".dockerignore"})
_AT_START = frozenset({"sitecustomize", "usercustomize"})
"""Packages that Python imports at start, as it does modules of that name."""
_GIT_SHORT = re.compile(r"git~\d+")
FOR_REVIEW = "it waits for your review"
_DOT = "tools read their settings from such files and may run what they say"


@dataclass(frozen=True)
class Guarded:
    """Why a change waits, and the path to name: the file, or the guarded folder that it lies in (ends in `/`)."""

    path: str
    reason: str


@dataclass(frozen=True)
class FolderView:
    """What the guard asks about the person's folder; paths are relative, "" is the folder itself."""

    exists: Callable[[str], bool]
    is_environment: Callable[[str], bool]
    is_package: Callable[[str], bool]
    holds_notebook: Callable[[str], bool]


class Guard:
    """Judges paths by their names and by where they lie. `all_wait`: every change waits, whatever it is called."""

    def __init__(self, masks: Masks, *, all_wait: bool = False) -> None:
        self._masks = masks
        self.all_wait = all_wait

    def judge(self, path: str, view: FolderView) -> Guarded | None:
        """Why writing this path needs a grant; None if it does not."""
        parts = path.split("/")
        return (
            self._folder(parts, view)
            or _repository(parts, view)
            or self._name(parts)
            or (Guarded(path, "a file of that name is kept from the agent") if self._masks.covers(path) else None)
            or _shadows(parts, view)
            or (Guarded(path, FOR_REVIEW) if self.all_wait else None)
        )

    @staticmethod
    def _folder(parts: list[str], view: FolderView) -> Guarded | None:
        for depth, part in enumerate(parts[:-1], 1):
            name = folded(part)
            here = "/".join(parts[:depth])
            if name in _FOLDERS:
                return Guarded(f"{here}/", _FOLDERS[name])
            if name.startswith("."):
                return Guarded(f"{here}/", _DOT)
            if _GIT_SHORT.fullmatch(name):
                return Guarded(f"{here}/", _FOLDERS[".git"])
            if view.is_environment(here):
                return Guarded(f"{here}/", "it is a Python environment")
        return None

    @staticmethod
    def _name(parts: list[str]) -> Guarded | None:
        name, path = folded(parts[-1]), "/".join(parts)
        if name in _FOLDERS or _GIT_SHORT.fullmatch(name):
            return Guarded(path, _FOLDERS.get(name, _FOLDERS[".git"]))
        for pattern, reason in _FILES.items():
            if fnmatchcase(name, pattern):
                return Guarded(path, reason)
        if name.startswith(".") and name not in _HARMLESS:
            return Guarded(path, _DOT)
        return None


def _repository(parts: list[str], view: FolderView) -> Guarded | None:
    """A folder that git would take for a repository with this file in it, whatever the folder is called.

    git goes by what a folder holds (`is_git_directory` in its setup.c): HEAD, and either objects and refs or a file
    commondir that says where those are. It then runs what the folder's `config` and `hooks` name.
    """
    for depth, part in enumerate(parts):
        here, coming = "/".join(parts[:depth]), folded(part)

        def holds(name: str, here: str = here, coming: str = coming) -> bool:
            return coming == name.casefold() or view.exists(f"{here}/{name}" if here else name)

        if holds("HEAD") and ((holds("objects") and holds("refs")) or holds("commondir")):
            return Guarded(f"{here}/" if here else "/".join(parts), "git takes that folder for a repository")
    return None


def _shadows(parts: list[str], view: FolderView) -> Guarded | None:
    """A new module or package that Python, started in its folder, would import instead of the real one."""
    path = "/".join(parts)
    name, place = module_name(folded(parts[-1])), parts[:-1]
    if name == "__init__" and place:
        name, place = folded(place[-1]), place[:-1]
    if not name or name not in importable_names() | _AT_START or view.exists(path):
        return None
    here = "/".join(place)
    if here and view.is_package(here) and not view.holds_notebook(here):
        return None
    return Guarded("/".join(parts), f"Python would import it instead of the module {name}")
