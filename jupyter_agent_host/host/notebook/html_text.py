"""The words of an HTML output: what a person reads there, without its markup, scripts and styles."""

from __future__ import annotations

import html

MAX_CHARS = 2_000_000
"""Longer documents are read up to here; the one pass over them is linear, whatever they hold."""

_SILENT = ("script", "style", "template", "head", "svg")
_LINES = ("br", "p", "div", "tr", "li", "table", "caption", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "summary")
_CELLS = ("td", "th")


def words_of(markup: str) -> str:
    """Text line by line, cells of a table with bars between them; "" where there is nothing to read."""
    markup = markup[:MAX_CHARS]
    lower = markup.lower() if len(markup.lower()) == len(markup) else markup  # few letters change their length
    pieces: list[str] = []
    at = 0
    while (start := markup.find("<", at)) >= 0:
        pieces.append(markup[at:start])
        at, between = _past_tag(lower, start)
        pieces.append(between)
    pieces.append(markup[at:])
    lines = (" ".join(line.split()) for line in html.unescape("".join(pieces)).split("\n"))
    return "\n".join(line.removesuffix(" |") for line in lines if line.strip("| "))


def _past_tag(markup: str, start: int) -> tuple[int, str]:
    """Where the text goes on behind the tag or comment, and what stands for it."""
    if markup.startswith("<!--", start):
        return _behind(markup, "-->", start), ""
    if not (markup[start + 1 : start + 2].isalpha() or markup[start + 1 : start + 2] in ("/", "!")):
        return start + 1, "<"  # no tag: a lone sign
    end = _behind(markup, ">", start)
    is_end, name = _name(markup[start + 1 : start + 20])
    if name in _SILENT and not is_end:
        closing = markup.find(f"</{name}", end)
        return (len(markup) if closing < 0 else _behind(markup, ">", closing)), " "
    if name in _CELLS:
        return end, " | " if is_end else " "
    return end, "\n" if name in _LINES else ""


def _name(head: str) -> tuple[bool, str]:
    is_end = head.startswith("/")
    letters = head.removeprefix("/")
    length = next((at for at, letter in enumerate(letters) if not letter.isalnum()), len(letters))
    return is_end, letters[:length].lower()


def _behind(markup: str, mark: str, start: int) -> int:
    found = markup.find(mark, start)
    return len(markup) if found < 0 else found + len(mark)
