"""What a cell of the agent kernel is taken for, and what is offered in prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_agent_host.kernel.completion import complete_prompt, variable_at
from jupyter_agent_host.kernel.prompt_cells import Names, is_open, read_cell

NAMES = Names(lambda name: name in {"agent", "pip", "load_ext"}, frozenset({"status", "mode", "history"}))


@pytest.mark.parametrize(
    "prompt",
    [
        "Which month?",
        "%90 of the rows are empty: why?",
        "%unknown thing",
        "%agent status\nand then tell me",
        "/tmp is full, what now?",
        "/usr/bin/env: not found",
        "/status of the experiment\nis missing",
        "What is %%python?",
        "quotes ' \" ''' and \\ and {braces}\n",
        "  indented\n    more",
    ],
)
def test_prompts_reach_the_magic_as_they_were_typed(prompt: str) -> None:
    cell = read_cell(prompt, NAMES)
    assert cell.kind == "prompt"
    asked: list[str] = []

    class Shell:
        def run_cell_magic(self, name: str, line: str, text: str) -> None:
            assert (name, line) == ("agent", "")
            asked.append(text)

    exec(cell.source, {"get_ipython": Shell})  # noqa: S102 - as IPython does
    assert asked == [prompt]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("%%python\nx = 1", "#\nx = 1"),
        ("\n%%python  \nx = 1\ny", "#\n#\nx = 1\ny"),
        ("%%python\n%%timeit\nx", "%%timeit\nx"),
        ("%%python", ""),
    ],
)
def test_python_keeps_its_line_numbers(text: str, source: str) -> None:
    cell = read_cell(text, NAMES)
    assert (cell.kind, cell.source) == ("python", source)
    assert source.endswith(text[cell.offset + len(source) :]) or not source


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("%%agent --new\nGo", "%%agent --new\nGo"),
        ("%agent status", "%agent status"),
        ("%load_ext x\n\n%pip list", "%load_ext x\n\n%pip list"),
        ("/status", "%agent status\n"),
        (" /mode plan ", "%agent mode plan\n"),
        ("/what", "%agent what\n"),
        ("%%nothing\nx", "%%nothing\nx"),
        ("  \n", ""),
    ],
)
def test_magics_and_commands(text: str, source: str) -> None:
    cell = read_cell(text, NAMES)
    assert (cell.kind, cell.source) == ("magic", source)


def test_what_is_typed_line_by_line() -> None:
    assert is_open("```python\nx = 1\n")
    assert is_open("~~~~\n```\n")
    assert not is_open("```\nx\n```")
    assert is_open("more \\")
    assert not is_open("done.")


def test_files_that_the_agent_sees_are_offered(tmp_path: Path) -> None:
    for name in ("sales.csv", "séances.txt", ".env", ".gitignore", "key.pem", "sub/deep.py", "__pycache__/x.pyc"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    (tmp_path / "out").symlink_to("/")

    def offered(before: str) -> tuple[str, ...]:
        return complete_prompt(before, ["rows"], tmp_path).matches

    assert offered("Read @") == ("out/", "sales.csv", "sub/", "séances.txt")
    assert offered("Read @s") == ("sales.csv", "sub/", "séances.txt")
    assert offered("(@sub/") == ("sub/deep.py",)
    assert offered("@.") == (".gitignore",)
    for nothing in ("me@s", "@../", "@/etc/", "@~/", "@out/", "@sub/../", "@none/", "Read"):
        assert offered(nothing) == ()


def test_commands_modes_and_variables_are_offered(tmp_path: Path) -> None:
    def offered(before: str) -> tuple[str, ...]:
        return complete_prompt(before, ["rows", "result"], tmp_path).matches

    assert offered("/st") == ("/status", "/stop")
    assert offered("%agent mode d") == ("default", "dontAsk")
    assert offered("and /st") == ()
    found = complete_prompt("Look at {r", ["rows", "result"], tmp_path)
    assert (found.start, found.matches) == (9, ("result}", "rows}"))
    assert offered("\\frac{a}{r") == ()
    assert (variable_at("see {rows} and {x}", 7), variable_at("see {rows} and {x}", 12)) == ("rows", "")
