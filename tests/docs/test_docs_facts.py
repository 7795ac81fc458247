"""What the pages say is so: settings, links, commands, options, sentences, codes, test files."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from docs_pages import PAGES, ROOT, USER_GUIDE, anchors, blocks, error_rows, links, prose
from traitlets.config import Config

from jupyter_agent_host import errors
from jupyter_agent_host.cli import make_parser
from jupyter_agent_host.notebook.cell_options import options_help
from jupyter_agent_host.notebook.commands.line_commands import USAGE
from jupyter_agent_host.server.config.agent_host_traits import AgentHost

SOURCES = sorted((ROOT / "jupyter_agent_host").rglob("*.py"))


def ids(value: object) -> str:
    return value.name if isinstance(value, Path) else str(value)[:40]


def test_the_table_of_settings_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    script = str(ROOT / "docs" / "generate_settings.py")
    monkeypatch.setattr(sys, "argv", [script, "--check"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(script, run_name="__main__")
    assert ended.value.code == 0, "run: python docs/generate_settings.py"


def test_the_page_of_attacks_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    script = str(ROOT / "docs" / "generate_attacks.py")
    monkeypatch.setattr(sys, "argv", [script, "--check"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(script, run_name="__main__")
    assert ended.value.code == 0, "run: python docs/generate_attacks.py"


def test_a_stale_table_would_be_noticed() -> None:
    generator = runpy.run_path(str(ROOT / "docs" / "generate_settings.py"))
    page = generator["PAGE"].read_text(encoding="utf-8")
    assert generator["page"](page.replace("Memory of one sandbox", "Something else")) == page


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_resolve(page: Path) -> None:
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_settings_exist(page: Path) -> None:
    named = set(re.findall(r"AgentHost\.(\w+)", page.read_text(encoding="utf-8")))
    assert named <= set(AgentHost.class_trait_names(config=True))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_named_files_exist(page: Path) -> None:
    """Tests and modules that a page names in backticks."""
    named = set(re.findall(r"`((?:tests|docs|binder|jupyter_agent_host)/[\w./-]+)`", page.read_text(encoding="utf-8")))
    assert {name for name in named if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_no_machine_is_named(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"/work\b|/home/(?!agent\b)|/root\b", text)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_commands_exist(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each `jupyter agent-host COMMAND --option` that a page shows is known to the parser."""
    for words in _commands(page.read_text(encoding="utf-8")):
        names = [word for word in words if re.fullmatch(r"[a-z]+", word)]
        command = names[:2] if names[0] == "image" else names[:1]
        with pytest.raises(SystemExit) as ended:
            make_parser(command).parse_args([*command, "--help"])
        assert ended.value.code == 0, words
        known = capsys.readouterr().out
        assert [word for word in words if word.startswith("--") and word not in known] == [], words


def _commands(text: str) -> list[list[str]]:
    shown = re.findall(r"jupyter[ -]agent-host ([a-z]+[^`|\n]*)", text)
    return [words.split() for words in shown if words.split()[0] in _known_commands()]


def _known_commands() -> set[str]:
    return set(re.findall(r"^    (\w+) ", make_parser().format_help(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_no_unknown_command_is_shown(page: Path) -> None:
    shown = set(re.findall(r"`(?:\$ )?jupyter[ -]agent-host ([a-z]+)", page.read_text(encoding="utf-8")))
    assert shown <= _known_commands()


def test_the_magics_words_are_all_there() -> None:
    text = USER_GUIDE.read_text(encoding="utf-8")
    options = set(re.findall(r"(--[a-z-]+|-o)\b", options_help()))
    told = set(re.findall(r"^\| `(--[a-z-]+|-o)\b", text, re.MULTILINE))
    assert told == options
    commands = set(re.findall(r"`(\w+)[^`|]*`", _column(text, "| `%agent …` | what it does |")))
    assert commands >= set(USAGE)


def _column(text: str, head: str) -> str:
    table = text.partition(head)[2].partition("\n\n")[0]
    return "\n".join(line.split(" | ")[0] for line in table.splitlines())


@pytest.mark.parametrize(("sentence", "code"), error_rows(), ids=ids)
def test_sentences_are_the_products_own(sentence: str, code: str) -> None:
    for piece in filter(None, (piece.strip(" $(") for piece in sentence.split("…"))):
        assert any(piece in said for said in _said()), piece
    known = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}
    for name in re.findall(r"`([\w]+)`", code):
        assert name in known or name in _said_at_a_turns_end() or re.fullmatch(r"upstream_\d{3}", name), name


def _said_at_a_turns_end() -> list[str]:
    places = ("runner/translation/turn_end.py", "host/turns/turn_endings.py", "host/api/recovery.py")
    text = "".join((ROOT / "jupyter_agent_host" / place).read_text(encoding="utf-8") for place in places)
    return re.findall(r'"(\w+)"', text)


_SAID: list[str] = []


def _said() -> list[str]:
    """Every literal text in the package; those with values in them as several pieces."""
    if not _SAID:
        for path in SOURCES:
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            _SAID.extend(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return _SAID


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_configuration_loads(page: Path) -> None:
    for block in blocks(page, "config"):
        config = Config()
        exec(compile(block, page.name, "exec"), {"c": config})  # noqa: S102 - our own page
        AgentHost(config=config).to_settings()


def test_configuration_is_shown_at_all() -> None:
    assert any(blocks(page, "config") for page in PAGES)


def test_error_rows_are_found() -> None:
    assert len(error_rows()) > 30


def test_prose_is_not_empty() -> None:
    pages: list[Any] = [page.name for page in PAGES if len(prose(page)) < 200]
    assert pages == []
