"""Which folder an agent sees: the project that the notebook is part of, found by what projects have at their top."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from jupyter_agent_host.host.workspace.copy_in.forbidden_folders import folder_problem
from jupyter_agent_host.host.workspace.files.masked_files import Masks, is_environment


@dataclass(frozen=True)
class Project:
    """What is shown of the disk.

    Attributes:
        folder: the project's folder; None when the notebook's own is not known.
        place: the notebook's folder relative to it, with `/`; "" for the project's folder itself, and for a chosen
            folder that does not hold the notebook.
        chosen: a person picked the folder for this notebook.
    """

    folder: Path | None
    place: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class ProjectRules:
    """How projects are found.

    Attributes:
        markers: names, or globs, of which one lies at a project's top.
        root: no project lies above this folder; None where there is no server with a root folder.
        state_dir: this host's private files.
        masked: glob patterns of what is never shown, besides the built-in list.
    """

    markers: tuple[str, ...]
    root: Path | None = None
    state_dir: Path = Path("/nonexistent")
    masked: tuple[str, ...] = ()


def find_project(notebook_folder: Path | None, rules: ProjectRules, chosen: str = "") -> Project:
    """The project of a notebook: the folder that was chosen, else the nearest marked one, else the notebook's own.

    Blocking: lists the notebook's folder and those above it.
    """
    if chosen:
        folder = Path(chosen)
        return Project(folder, _place(notebook_folder, folder), chosen=True)
    if notebook_folder is None:
        return Project(None)
    own = notebook_folder.resolve()
    masks = Masks(rules.masked)
    for folder in _upwards(own, rules.root):
        names = _names(folder)
        if _has_marker(names, rules.markers):
            place = _place(own, folder)
            # What lies in a folder of secrets would not be seen from above.
            if not place or masks.covers(place) or folder_problem(folder, rules.state_dir):
                break
            return Project(folder, place)
        if is_environment(names):  # nor what lies in an environment
            break
    return Project(notebook_folder)


def _upwards(own: Path, root: Path | None) -> list[Path]:
    """The notebook's folder and those above it, up to where a project may lie."""
    if root is None:
        home = Path.home()
        above = [folder for folder in own.parents if folder != home and folder not in home.parents]
        return [own, *above]
    top = root.resolve()
    if own != top and top not in own.parents:
        return [own]
    return [folder for folder in (own, *own.parents) if folder == top or top in folder.parents]


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names alone are wanted
    except OSError:
        return []


def _has_marker(names: Sequence[str], markers: Sequence[str]) -> bool:
    plain = {marker for marker in markers if not any(sign in marker for sign in "*?[")}
    if not plain.isdisjoint(names):
        return True
    globs = [marker for marker in markers if marker not in plain]
    return any(fnmatchcase(name, glob) for glob in globs for name in names)


def _place(notebook_folder: Path | None, folder: Path) -> str:
    if notebook_folder is None:
        return ""
    try:
        relative = notebook_folder.resolve().relative_to(folder.resolve())
    except ValueError:
        return ""
    return "" if relative == Path() else relative.as_posix()
