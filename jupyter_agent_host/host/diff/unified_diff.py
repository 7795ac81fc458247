"""Diffs as people and surfaces read them: unified, bounded, with the counts of lines."""

from __future__ import annotations

from difflib import unified_diff

from jupyter_agent_host.host.diff.three_way_merge import MAX_LINES

MAX_DIFF_CHARS = 100_000


def diff(before: str | None, after: str | None, *, name: str = "") -> str:
    """A unified diff without a file header; "" when both are alike. Cut, saying so, past 100,000 characters."""
    old, new = _lines(before), _lines(after)
    if max(len(old), len(new)) > MAX_LINES:
        return f"({name or 'It'} has too many lines to be compared here.)"
    lines = list(unified_diff(old, new, lineterm="", n=3))[2:]
    text = "\n".join(lines)
    return text if len(text) <= MAX_DIFF_CHARS else f"{text[:MAX_DIFF_CHARS]}\n… (the rest of the diff is not shown)"


def counts(before: str | None, after: str | None) -> tuple[int, int]:
    """Lines added and removed."""
    lines = diff(before, after).split("\n")
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def _lines(text: str | None) -> list[str]:
    return [] if not text else text.split("\n")
