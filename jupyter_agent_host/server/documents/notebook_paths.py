"""Notebooks' paths: relative to the server's root for people and browsers, absolute for the host."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.utils import ApiPath, to_api_path, to_os_path

# Older jupyter-collaboration put its drive's name before the path of a session.
_DRIVE = "RTC:"


class NotebookPaths:
    """Both directions, under one root folder."""

    def __init__(self, root_dir: str) -> None:
        self._root = str(Path(root_dir).resolve())

    def absolute(self, api_path: str) -> str:
        """The absolute path of what the server calls `api_path`; "" stays "", and what leaves the root becomes ""."""
        path = api_path.removeprefix(_DRIVE)
        absolute = to_os_path(ApiPath(path), self._root) if path.strip("/") else ""
        return absolute if absolute and Path(absolute).is_relative_to(self._root) else ""

    def api(self, absolute_path: str) -> str:
        """The path relative to the server's root; a path outside of it stays absolute."""
        if not absolute_path or not Path(absolute_path).is_relative_to(self._root):
            return absolute_path
        return str(to_api_path(absolute_path, self._root))
