"""`{name}` in a prompt: what is filled in, and what is somebody else's notation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_agent_host.notebook.prompt_variables import FillError, fill

NAMES = {"a": "A", "b": "B", "x": 1, "i": 2, "name": "sales.csv", "n": "{a}", "_q": "Q"}


@pytest.mark.parametrize(
    ("prompt", "filled"),
    [
        ("Read {name}.", "Read sales.csv."),
        ("{a}{b} and {a}", "AB and A"),
        ("x={x}, missing={nothing}", "x=1, missing={nothing}"),
        ("values are not filled again: {n}", "values are not filled again: {a}"),
        ("it costs ${x} or {x}$", "it costs $1 or 1$"),
        ('json with a value: {"k": {a}}', 'json with a value: {"k": A}'),
        ("{_q}", "Q"),
        ("größe: {a}…", "größe: A…"),
    ],
)
def test_names_are_filled(prompt: str, filled: str) -> None:
    assert fill(prompt, NAMES).text == filled


@pytest.mark.parametrize(
    "prompt",
    [
        '{"a": 1, "b": {"x": [2]}}',
        "{}",
        "{ a }",
        "{a.b} {a[0]} {a!r} {a:>3} {a+1}",
        r"\{a}",
        r"\frac{a}{b}",
        r"\frac{a}{b}{i}",
        r"\sqrt[3]{x}",
        r"\mathrm*{x}",
        r"$\sum_{i}^{n} x_{i}$",
        r"${x}$",
        r"{x}^2",
        "{{a}} {{{a}}}",
        "{Ä}",
        "{__name__}",
    ],
)
def test_other_notations_pass_untouched(prompt: str) -> None:
    result = fill(prompt, {**NAMES, "__name__": "__main__"})
    assert result.text == prompt
    assert result.values == ()


def test_what_was_filled_is_told_once_each() -> None:
    assert fill("{a} {b} {a} {nothing}", NAMES).values == (("a", "A"), ("b", "B"))


def test_a_value_without_a_text_is_a_sentence() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    with pytest.raises(FillError, match=r"\{broken\} cannot be filled in.*RuntimeError: no text.*--raw"):
        fill("{broken}", {"broken": Broken()})


@given(st.text(alphabet="{}ab\\^_$ \n\"'", max_size=60))
def test_without_names_nothing_changes(prompt: str) -> None:
    assert fill(prompt, {}).text == prompt


@given(st.text(alphabet="{}ab\\^_$ ", max_size=60))
def test_a_name_filled_with_itself_changes_nothing(prompt: str) -> None:
    assert fill(prompt, {"a": "{a}", "b": "{b}", "ab": "{ab}"}).text == prompt
