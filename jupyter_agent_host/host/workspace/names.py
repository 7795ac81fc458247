"""Names that come out of a sandbox: which are refused, how they are shown, how patterns match them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase

_DECEPTIVE = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def name_problem(path: str) -> str:
    """Why a path cannot be used as a file name of the person's, "" if it can."""
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
    visible = "".join(char for char in name if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", visible).casefold().rstrip(". ") or name


def granted(path: str, patterns: Sequence[str]) -> bool:
    """Whether a relative path, or a folder that holds it, matches a pattern from the folder's root (`**` spans)."""
    parts = path.rstrip("/").split("/")
    return any(_matches_prefix(parts, _segments(pattern)) for pattern in patterns)


def masked_by(parts: Sequence[str], patterns: Sequence[Sequence[str]]) -> bool:
    """Whether the last of these parts is hidden: a pattern matches the end of the path, at any depth."""
    return any(
        len(pattern) <= len(parts) and all(map(fnmatchcase, map(folded, parts[-len(pattern) :]), pattern))
        for pattern in patterns
    )


def mask_patterns(patterns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Glob patterns, made ready for `masked_by`."""
    split = (tuple(folded(part) for part in _segments(pattern) if part != "**") for pattern in patterns)
    return tuple(pattern for pattern in split if pattern)


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
