"""`lint-imports` refuses a ring that is put in on purpose, on the top floor and on the lowest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    shutil.copytree(
        ROOT / "jupyter_agent_host", tmp_path / "jupyter_agent_host", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [*command, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def add(folder: Path, module: str, line: str) -> None:
    path = folder / "jupyter_agent_host" / module
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")


def test_the_tree_as_it_is_passes(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "floor"),
    [
        ("runner/translation/turn_end.py", "from . import token_usage", "jupyter_agent_host.runner.translation"),
        ("store/journal/rows.py", "from . import journal", "jupyter_agent_host.store.journal"),
        (
            "rendering/turn_view.py",
            "if 0:\n    from jupyter_agent_host.rendering import mime_bundle",
            "jupyter_agent_host.rendering",
        ),
    ],
)
def test_a_ring_of_files_is_refused(copy: Path, module: str, line: str, floor: str) -> None:
    add(copy, module, line)
    if module.startswith("runner"):
        add(copy, "runner/translation/token_usage.py", "from . import turn_end")
    done = lint(copy)
    assert done.returncode == 1
    assert f"No cycles are allowed in {floor}." in done.stdout


def test_a_step_up_inside_the_server_is_refused(copy: Path) -> None:
    add(copy, "server/documents/notebook_paths.py", "from jupyter_agent_host.server.rest import routes")
    done = lint(copy)
    assert done.returncode == 1
    assert "Inside the server BROKEN" in done.stdout


def test_providers_that_import_each_other_are_refused(copy: Path) -> None:
    add(copy, "providers/local/seccomp_filter.py", "from jupyter_agent_host.providers.docker import sandbox_folder")
    done = lint(copy)
    assert done.returncode == 1
    assert "Providers never import each other BROKEN" in done.stdout
