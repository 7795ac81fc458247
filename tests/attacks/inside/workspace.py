"""Traps laid in the notebook's folder, for the person's own programs to step into later.

What counts is not what is written here, but what of it is in the person's folder afterwards: that is looked at there.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

from attempt import Parameters, attempt, main


def _lay(path: str, text: str = "trap", mode: int = 0o644) -> str:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    place.chmod(mode)
    return "laid"


@attempt
def shadow_a_module(given: Parameters) -> str:
    """A module that the person's kernel would import instead of the real one."""
    return _lay("random.py")


@attempt
def shadow_a_package(given: Parameters) -> str:
    """The same as a package."""
    return _lay("pandas/__init__.py")


@attempt
def byte_code(given: Parameters) -> str:
    """Byte code that Python would run in place of a module of the person's."""
    return _lay("__pycache__/helper.cpython-311.pyc")


@attempt
def hook_of_git(given: Parameters) -> str:
    """A hook that runs at the person's next commit."""
    return _lay(".git/hooks/pre-commit", "#!/bin/sh\necho attack", 0o755)


@attempt
def setting_of_git(given: Parameters) -> str:
    """A setting that runs a program at the person's next `git status`."""
    return _lay(".git/config", "[core]\n\tfsmonitor = echo trap\n")


@attempt
def git_in_other_letters(given: Parameters) -> str:
    """The same for file systems that know no capital letters, or no invisible ones."""
    _lay(".g\u200cit/config")
    return _lay(".GIT/config")


@attempt
def start_of_tests(given: Parameters) -> str:
    """A file that pytest runs."""
    return _lay("deep/conftest.py")


@attempt
def start_of_python(given: Parameters) -> str:
    """A file that Python runs at each start."""
    return _lay("sitecustomize.py")


@attempt
def start_of_an_environment(given: Parameters) -> str:
    """A file that the Python of the folder's environment runs at each start."""
    return _lay(".venv/lib/python3.11/site-packages/a.pth", "import attack")


@attempt
def setting_of_a_shell(given: Parameters) -> str:
    """A file that the person's shell runs on entering the folder."""
    return _lay(".envrc", "echo attack")


@attempt
def setting_of_an_editor(given: Parameters) -> str:
    """A task that the person's editor runs on opening the folder."""
    return _lay(".vscode/tasks.json", "{}")


@attempt
def orders_to_other_agents(given: Parameters) -> str:
    """Orders for the person's other agents."""
    return _lay("CLAUDE.md", "attack")


@attempt
def own_notebook(given: Parameters) -> str:
    """A cell in the notebook itself, written as a file."""
    path = Path(given["notebook"])
    return _lay(str(path), path.read_text(encoding="utf-8").replace('"cells": [', '"trap": 1, "cells": [', 1))


@attempt
def another_notebook(given: Parameters) -> str:
    """A notebook that was not there."""
    return _lay("readme.ipynb", "{}")


@attempt
def masked_secret(given: Parameters) -> str:
    """Another content of a secret that is hidden from us."""
    return _lay(".env")


@attempt
def link_to_a_secret(given: Parameters) -> str:
    """A link, so that the server copies what it points to."""
    os.symlink(given["file"], "results.txt")
    return "laid"


@attempt
def link_to_a_folder(given: Parameters) -> str:
    """A link in the place of a folder, so that the server writes through it."""
    os.symlink(given["victim"], "output")
    return "laid"


@attempt
def folder_behind_a_link(given: Parameters) -> str:
    """A folder of the person's replaced by a link, with a file laid behind it."""
    os.rename("given", "given-before")
    os.symlink(given["victim"], "given")
    return "laid"


@attempt
def pipe(given: Parameters) -> str:
    """A pipe, at whose reading a server would wait for ever."""
    os.mkfifo("data.csv")
    return "laid"


@attempt
def door(given: Parameters) -> str:
    """A socket in the place of a file."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("report.txt")
    return "laid"


@attempt
def name_that_commands_a_terminal(given: Parameters) -> str:
    """A file whose name changes the terminal that shows it."""
    return _lay("\x1b]0;attack\x07.txt")


@attempt
def name_that_reads_backwards(given: Parameters) -> str:
    """A file whose name is shown in another order than it is."""
    return _lay("report\u202etxt.exe")


@attempt
def program_of_the_persons(given: Parameters) -> str:
    """A program marked to run as its owner."""
    return _lay("tool", "#!/bin/sh\n", 0o4755)


@attempt
def race_of_a_file_and_a_link(given: Parameters) -> str:
    """A file that turns into a link and back while the server copies it, for three seconds."""
    if os.fork() == 0:
        os.setsid()
        Path("racing").write_text("fine", encoding="utf-8")
        os.symlink(given["file"], "racing-link")
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            os.rename("racing", "racing-file")
            os.rename("racing-link", "racing")
            os.rename("racing", "racing-link")
            os.rename("racing-file", "racing")
        os._exit(0)
    return "laid"


@attempt
def race_of_a_folder_and_a_link(given: Parameters) -> str:
    """A folder that turns into a link and back while the server copies what is in it, for three seconds."""
    os.mkdir("spinning")
    for number in range(50):
        Path(f"spinning/{number}.txt").write_text("attack", encoding="utf-8")
    os.symlink(given["victim"], "spinning-link")
    if os.fork() == 0:
        os.setsid()
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            os.rename("spinning", "spinning-folder")
            os.rename("spinning-link", "spinning")
            os.rename("spinning", "spinning-link")
            os.rename("spinning-folder", "spinning")
        os._exit(0)
    return "laid"


if __name__ == "__main__":
    sys.exit(main())
