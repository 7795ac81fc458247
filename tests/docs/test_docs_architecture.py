"""What docs/architecture.md points at is there, and each folder of the package says what it owns."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "jupyter_agent_host"
PAGE = ROOT / "docs" / "architecture.md"
FOLDERS = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))
MOST_MODULES = 15


def named_paths() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    words = re.findall(r"`([\w./-]+/[\w.-]*|[\w-]+\.(?:py|ts|tsx|mjs))`", text)
    return sorted({word for word in words if not word.startswith("/")})


def is_there(name: str) -> bool:
    """From the top, from the package, or, for the short names inside of a paragraph, at the end of some path."""
    if (ROOT / name).exists() or (PACKAGE / name).exists():
        return True
    places = [*PACKAGE.rglob("*"), *(ROOT / "labextension" / "src").rglob("*")]
    return any(path.as_posix().endswith("/" + name.rstrip("/")) for path in places)


@pytest.mark.parametrize("name", named_paths())
def test_each_path_named_in_the_page_is_there(name: str) -> None:
    assert is_there(name)


def test_a_path_that_is_gone_is_noticed() -> None:
    assert not is_there("host/tools/desk.py")
    assert not is_there("desk.py")


def test_each_link_of_the_page_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE.read_text(encoding="utf-8"))
    assert len(links) > 30
    assert [link for link in links if not (PAGE.parent / link).is_file()] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_each_folder_says_what_it_owns(folder: Path) -> None:
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_no_floor_is_too_full_to_look_over(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= MOST_MODULES
