"""Merging lines: what each side did is in the result or in a conflict, whatever was done."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_agent_host.host.diff.three_way_merge import merge

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "\n", "x = 1\n", "x = 2\n"]), max_size=12).map("".join)
TEXT = st.one_of(LINES, st.text(alphabet="ab\n\r\x0c ", max_size=20))


def test_changes_apart_are_both_kept() -> None:
    base = "one\ntwo\nthree\nfour\nfive\n"
    merged = merge(base, base.replace("one", "ONE"), base.replace("five", "FIVE"))

    assert merged.conflicts == 0
    assert merged.text == "ONE\ntwo\nthree\nfour\nFIVE\n"


def test_changes_of_one_line_are_shown_and_not_guessed() -> None:
    merged = merge("x = 1\ny = 1\n", "x = 2\ny = 1\n", "x = 3\ny = 1\n")

    assert merged.conflicts == 1
    assert merged.text == "<<<<<<< yours\nx = 2\n=======\nx = 3\n>>>>>>> before the turn\ny = 1\n"


@settings(max_examples=400, deadline=None)
@given(base=TEXT, mine=TEXT, theirs=TEXT)
def test_no_line_of_mine_is_ever_lost(base: str, mine: str, theirs: str) -> None:
    merged = merge(base, mine, theirs)

    kept = Counter(line for piece in merged.pieces for line in piece.mine)
    added = Counter(merge("", mine, "").pieces[0].mine) - Counter(merge("", base, "").pieces[0].mine)
    assert not added - kept
    if merged.conflicts == 0:
        shown = Counter(merged.text.split("\n"))
        assert not Counter({line.rstrip("\n"): count for line, count in added.items()}) - shown


@settings(max_examples=200, deadline=None)
@given(base=TEXT, other=TEXT)
def test_one_sided_changes_are_taken_as_they_are(base: str, other: str) -> None:
    assert merge(base, other, base).text == other
    assert merge(base, base, other).text == other
    assert merge(base, other, other).text == other


@settings(max_examples=200, deadline=None)
@given(base=TEXT, mine=TEXT, theirs=TEXT)
def test_sides_are_treated_alike(base: str, mine: str, theirs: str) -> None:
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)

    assert one.conflicts == other.conflicts
    if not one.conflicts:
        assert one.text == other.text
