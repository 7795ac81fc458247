"""Names that come out of a sandbox: which are refused, how they are shown, how patterns match them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase, translate

_DECEPTIVE = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def name_problem(path: str) -> str:
    """Why a path cannot be used as a file name of the person's, "" if it can."""
    if path.isascii() and path.isprintable():
        return ""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "its name is not valid UTF-8"
    if any(unicodedata.category(char) == "Cc" or char in _DECEPTIVE for char in path):
        return "its name holds control characters"
    return ""


def shown(path: str) -> str:
    """A path in a form that can be printed, encoded and put into a sentence."""
    return "".join(
        char if char.isprintable() and not "\ud800" <= char <= "\udfff" else ascii(char)[1:-1] for char in path
    )


def folded(name: str) -> str:
    """A name as a file system that ignores case, trailing dots and invisible characters would compare it."""
    if name.isascii():
        return name.lower().rstrip(". ") or name
    visible = "".join(char for char in name if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", visible).casefold().rstrip(". ") or name


def granted(path: str, patterns: Sequence[str]) -> bool:
    """Whether a relative path, or a folder that holds it, matches a pattern from the folder's root (`**` spans)."""
    parts = path.rstrip("/").split("/")
    return any(_matches_prefix(parts, _segments(pattern)) for pattern in patterns)


def reaches_into(folder: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern grants this folder, or names something in it."""
    return granted(folder, patterns) or any(pattern.removeprefix("./").startswith(f"{folder}/") for pattern in patterns)


class EndPatterns:
    """Glob patterns that match the end of a path, at any depth, without regard to case."""

    def __init__(self, patterns: Sequence[str]) -> None:
        split = [[folded(part) for part in _segments(pattern) if part != "**"] for pattern in patterns]
        names = "|".join(translate(parts[0]) for parts in split if len(parts) == 1)
        self._names = re.compile(names or r"(?!)")
        self._paths = [[re.compile(translate(part)) for part in parts] for parts in split if len(parts) > 1]

        self._ends = re.compile("|".join(translate(parts[-1]) for parts in split if parts) or r"(?!)")

    def may_end(self, name: str) -> bool:
        """Whether a path that ends in this name may match."""
        return self._ends.match(folded(name)) is not None

    def match(self, parts: Sequence[str]) -> bool:
        """Whether the last of these names, with those before it, matches."""
        if self._names.match(folded(parts[-1])):
            return True
        return any(
            len(pattern) <= len(parts)
            and all(glob.match(folded(part)) for glob, part in zip(pattern, parts[-len(pattern) :], strict=True))
            for pattern in self._paths
        )


def _segments(pattern: str) -> list[str]:
    return [part for part in pattern.strip().split("/") if part not in ("", ".")]


def _matches_prefix(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return False
    if pattern[0] == "**":
        rest = pattern[1:]
        if not rest:
            return True
        return any(_matches_prefix(parts[start:], rest) for start in range(len(parts)))
    if not parts or not fnmatchcase(parts[0], pattern[0]):
        return False
    return len(pattern) == 1 or _matches_prefix(parts[1:], pattern[1:])
