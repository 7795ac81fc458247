"""What the guard asks about the person's folder, answered without following links, once for each collect."""

from __future__ import annotations

import os
from functools import cache

from jupyter_agent_host.host.workspace.files.masked_files import is_environment
from jupyter_agent_host.host.workspace.files.open_without_links import lstat_below, opened_folder
from jupyter_agent_host.host.workspace.guards.guarded_files import FolderView


def view_of(root: int) -> FolderView:
    """A view of the open folder that remembers what it saw; make a new one for each collect."""

    @cache
    def names(path: str) -> tuple[str, ...]:
        try:
            with opened_folder(root, path.split("/") if path else []) as folder:
                return tuple(os.listdir(folder))  # noqa: PTH208 - an open folder has no path
        except OSError:
            return ()

    def exists(path: str) -> bool:
        try:
            return lstat_below(root, path) is not None
        except OSError:
            return False

    return FolderView(
        exists=exists,
        is_environment=lambda path: is_environment(names(path)),
        # Asked anew: a package's __init__.py may have come in the same collect.
        is_package=lambda path: exists(f"{path}/__init__.py"),
        holds_notebook=lambda path: any(name.casefold().endswith(".ipynb") for name in names(path)),
    )
