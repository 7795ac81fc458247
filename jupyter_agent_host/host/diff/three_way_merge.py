"""Three-way merging of lines: what one side changed is kept beside what the other changed, or shown as a conflict.

The method is diff3's (Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007): where both sides match the
base, the three texts are in step; between two such places one side, both alike, or both differently have changed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MAX_LINES = 20_000
"""Longer texts are not compared line by line: where both sides changed them, that is one conflict."""

MINE, THEIRS, END = "<<<<<<< yours", "=======", ">>>>>>> before the turn"


@dataclass(frozen=True)
class Piece:
    """Lines that follow each other, without their ends.

    `theirs` is None unless both sides differ from the base, differently.
    """

    mine: tuple[str, ...]
    theirs: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Merged:
    """Both sides' changes of one base, in order."""

    pieces: tuple[Piece, ...]

    @property
    def conflicts(self) -> int:
        """How many places both sides changed differently."""
        return sum(piece.theirs is not None for piece in self.pieces)

    @property
    def text(self) -> str:
        """The merged text; conflicts stand between markers, as git writes them."""
        return "".join(f"{line}\n" for piece in self.pieces for line in _lines_of(piece))[:-1]


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Merge two changes of one text. Never drops a line that `mine` has and `base` has not."""
    if mine in (base, theirs):
        return Merged((Piece(_split(theirs)),))
    if theirs == base:
        return Merged((Piece(_split(mine)),))
    texts = (_split(base), _split(mine), _split(theirs))
    if max(map(len, texts)) > MAX_LINES:
        return Merged((Piece(texts[1], texts[2]),))
    return Merged(tuple(_pieces(*texts)))


def _split(text: str) -> tuple[str, ...]:
    """Cut at line feeds alone: a form feed in a text is no new line to anybody's editor.

    A cell does not end with a line feed, so its last line must be the same line when others follow it.
    """
    return tuple(text.split("\n"))


def _pieces(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Iterator[Piece]:
    at, at_mine, at_theirs = 0, 0, 0
    for start, start_mine, start_theirs, length in _in_step(base, mine, theirs):
        gap = tuple(base[at:start])
        gap_mine, gap_theirs = tuple(mine[at_mine:start_mine]), tuple(theirs[at_theirs:start_theirs])
        if gap_mine in (gap, gap_theirs):
            yield Piece(gap_theirs)
        elif gap_theirs == gap:
            yield Piece(gap_mine)
        else:
            yield Piece(gap_mine, gap_theirs)
        yield Piece(tuple(base[start : start + length]))
        at, at_mine, at_theirs = start + length, start_mine + length, start_theirs + length


def _in_step(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Where all three have the same lines: the place in each, and how many. Ends with the ends, of length 0."""
    ours = SequenceMatcher(None, base, mine, autojunk=False).get_matching_blocks()
    others = SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks()
    left, right = 0, 0
    while left < len(ours) and right < len(others):
        one, other = ours[left], others[right]
        start, end = max(one.a, other.a), min(one.a + one.size, other.a + other.size)
        if start < end:
            yield start, one.b + start - one.a, other.b + start - other.a, end - start
        if one.a + one.size < other.a + other.size:
            left += 1
        else:
            right += 1
    yield len(base), len(mine), len(theirs), 0


def _lines_of(piece: Piece) -> Iterator[str]:
    if piece.theirs is None:
        yield from piece.mine
        return
    yield MINE
    yield from piece.mine
    yield THEIRS
    yield from piece.theirs
    yield END
