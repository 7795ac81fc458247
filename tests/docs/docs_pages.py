"""The pages, and what can be read out of them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "SECURITY.md", ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
USER_GUIDE = ROOT / "docs" / "user-guide.md"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def blocks(page: Path, mark: str) -> list[str]:
    """Fenced `python` blocks whose first line is the comment `# mark` (or starts with it)."""
    fenced = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [text for language, text in fenced if language == "python" and text.startswith(f"# {mark}")]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What its headings are called in links, as code-hosting sites make them."""
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(page))]
    return {heading.strip().replace(" ", "-") for heading in plain}


def links(page: Path) -> list[str]:
    """Targets of links that stay within the repository."""
    return [target for target in _LINK.findall(prose(page)) if "://" not in target]


def error_rows() -> list[tuple[str, str]]:
    """Sentence and codes of each row of the troubleshooting table."""
    _, _, table = USER_GUIDE.read_text(encoding="utf-8").partition("| sentence | code | way out |\n|---|---|---|\n")
    rows = [line.strip("| ").split(" | ") for line in table.partition("\n\n")[0].splitlines()]
    return [(row[0], row[1]) for row in rows]
