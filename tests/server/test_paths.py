"""Paths as people see them, and as the host does."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_agent_host.server.documents.notebook_paths import NotebookPaths


def test_both_directions(tmp_path: Path) -> None:
    paths = NotebookPaths(str(tmp_path))
    absolute = str(tmp_path.resolve() / "Ordner ü" / "a b.ipynb")
    assert paths.absolute("Ordner ü/a b.ipynb") == absolute
    assert paths.absolute("/Ordner ü//a b.ipynb") == absolute
    assert paths.absolute("RTC:Ordner ü/a b.ipynb") == absolute
    assert paths.api(absolute) == "Ordner ü/a b.ipynb"


@pytest.mark.parametrize("path", ["../a.ipynb", "b/../../a.ipynb", "/../../etc/passwd", "RTC:../a.ipynb"])
def test_no_path_leaves_the_root(tmp_path: Path, path: str) -> None:
    assert NotebookPaths(str(tmp_path)).absolute(path) == ""


def test_nothing_stays_nothing(tmp_path: Path) -> None:
    paths = NotebookPaths(str(tmp_path))
    assert paths.absolute("") == ""
    assert paths.absolute("/") == ""
    assert paths.api("") == ""


def test_a_path_outside_the_root_is_not_renamed(tmp_path: Path) -> None:
    paths = NotebookPaths(str(tmp_path / "root"))
    assert paths.api(str(tmp_path / "rootling" / "a.ipynb")) == str(tmp_path / "rootling" / "a.ipynb")


def test_a_symlinked_root_is_the_folder_it_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    paths = NotebookPaths(str(tmp_path / "link"))
    assert paths.absolute("a.ipynb") == str(tmp_path.resolve() / "real" / "a.ipynb")
