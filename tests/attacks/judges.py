"""What became of the traps: looked at in the person's folder, by the same eyes after both runs.

Each judge gets the folder and the parameters of the run, and says whether the attack succeeded.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from field import Result

Judge = Callable[[Path, Mapping[str, Any]], bool]


def _there(*names: str) -> Judge:
    return lambda folder, given: any(os.path.lexists(folder / name) for name in names)


def _holds(name: str, text: str) -> Judge:
    return lambda folder, given: text in (folder / name).read_text(encoding="utf-8")


def _leaks(folder: Path, given: Mapping[str, Any]) -> bool:
    """Whether the secret's text lies in a file of the folder, or a link to it does."""
    return any(
        os.path.realpath(path) == given["file"] or (path.is_file() and b"canary" in path.read_bytes())
        for path in folder.glob("r*")
        if path.name in ("results.txt", "racing", "racing-link", "racing-file")
    )


def _written(folder: Path, given: Mapping[str, Any]) -> bool:
    """Whether anything was written behind a link, or the link itself is in the person's folder."""
    links = [name for name in ("output", "given", "spinning", "spinning-link") if (folder / name).is_symlink()]
    return bool(links) or any(Path(given["victim"]).iterdir())


def _special(name: str, kind: Callable[[int], bool]) -> Judge:
    return lambda folder, given: os.path.lexists(folder / name) and kind((folder / name).lstat().st_mode)


def _deceptive(folder: Path, given: Mapping[str, Any]) -> bool:
    return any(not path.name.isprintable() for path in folder.iterdir())


def _notebook(folder: Path, given: Mapping[str, Any]) -> bool:
    return "trap" in json.loads((folder / given["notebook"]).read_text(encoding="utf-8"))


WORKSPACE: dict[str, Judge] = {
    "shadow_a_module": _there("random.py"),
    "shadow_a_package": _there("pandas/__init__.py"),
    "byte_code": _there("__pycache__/helper.cpython-311.pyc"),
    "hook_of_git": _there(".git/hooks/pre-commit"),
    "setting_of_git": _holds(".git/config", "fsmonitor"),
    "git_in_other_letters": _there(".GIT/config", ".g\u200cit/config"),
    "start_of_tests": _there("deep/conftest.py"),
    "start_of_python": _there("sitecustomize.py"),
    "start_of_an_environment": _there(".venv/lib/python3.11/site-packages/a.pth"),
    "setting_of_a_shell": _there(".envrc"),
    "setting_of_an_editor": _there(".vscode/tasks.json"),
    "orders_to_other_agents": _there("CLAUDE.md"),
    "own_notebook": _notebook,
    "another_notebook": _there("readme.ipynb"),
    "masked_secret": _holds(".env", "trap"),
    "link_to_a_secret": _leaks,
    "link_to_a_folder": _written,
    "folder_behind_a_link": _written,
    "pipe": _special("data.csv", stat.S_ISFIFO),
    "door": _special("report.txt", stat.S_ISSOCK),
    "name_that_commands_a_terminal": _deceptive,
    "name_that_reads_backwards": _deceptive,
    "program_of_the_persons": _special("tool", lambda mode: bool(mode & stat.S_ISUID)),
    "race_of_a_file_and_a_link": _leaks,
    "race_of_a_folder_and_a_link": _written,
}

RESOURCES: dict[str, Judge] = {
    "file_without_content": _there("endless.bin"),
    "more_than_may_be_copied": _there("much-5.bin"),
    "archive_that_grows": _there("bomb.txt", "bomb.ipynb"),
    "folders_without_end": lambda folder, given: os.path.lexists(folder / "deeply" / "/".join(["d"] * 200)),
}


def judge(
    results: Mapping[str, Result], judges: Mapping[str, Judge], folder: Path, given: Mapping[str, Any]
) -> dict[str, Result]:
    """The results of laying traps, with what became of each in the folder."""
    told = {}
    for name, result in results.items():
        if name in judges and result.got:
            stepped = judges[name](folder, given)
            told[name] = replace(result, got=stepped, said="it is there" if stepped else "it did not get there")
        else:
            told[name] = result
    return told
