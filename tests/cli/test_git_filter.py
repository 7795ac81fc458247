"""The set-ups that the user guide shows for git, carried out: what is committed holds nothing of an agent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": "c1",
            "metadata": {"agent_host": {"turn_id": "t1", "how": "edited"}, "tags": ["mine"]},
            "outputs": [
                {
                    "output_type": "display_data",
                    "data": {"text/plain": ["said"], "application/vnd.jupyter-agent-host.turn.v1+json": {"turn": "x"}},
                    "metadata": {},
                }
            ],
            "source": ["x = 1"],
        }
    ],
    "metadata": {"agent_host": {"version": 1, "chunks": ["secret transcript"]}, "kernelspec": {"name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
GUIDE = Path(__file__).parents[2] / "docs" / "user-guide.md"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "user.email", "ada@example.org")
    git(tmp_path, "config", "user.name", "Ada")
    (tmp_path / "a.ipynb").write_text(json.dumps(NOTEBOOK, indent=1) + "\n")
    return tmp_path


def git(folder: Path, *words: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    done = subprocess.run(["git", *words], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def commands(title: str) -> list[str]:
    """The shell block of the guide that begins with this comment."""
    block = next(part for part in GUIDE.read_text().split("```") if part.startswith(f"bash\n# {title}\n"))
    return [line for line in block.splitlines()[2:] if line]


def committed(folder: Path, title: str) -> dict[str, Any]:
    for line in commands(title):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(line, shell=True, cwd=folder, check=True, env={**os.environ, "PATH": path, "HOME": str(folder)})  # noqa: S602 - the guide's own lines
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    notebook: dict[str, Any] = json.loads(git(folder, "show", "HEAD:a.ipynb"))
    return notebook


def test_our_own_filter_keeps_outputs_and_takes_the_agent_out(repository: Path) -> None:
    notebook = committed(repository, "take only the agent out")

    assert "agent" not in json.dumps(notebook)
    assert notebook["cells"][0]["metadata"] == {"tags": ["mine"]}
    assert notebook["cells"][0]["outputs"][0]["data"] == {"text/plain": ["said"]}
    assert json.loads((repository / "a.ipynb").read_text()) == NOTEBOOK  # the working copy goes on with its agent
    assert git(repository, "status", "--porcelain") == ""


def test_half_an_emoji_in_an_output_goes_through_the_filter(repository: Path) -> None:
    whole = json.dumps(NOTEBOOK).replace('"said"', r'"cut \ud83d"')
    (repository / "a.ipynb").write_text(whole)
    notebook = committed(repository, "take only the agent out")
    assert notebook["cells"][0]["outputs"][0]["data"] == {"text/plain": ["cut \ud83d"]}
    assert "agent" not in json.dumps(notebook)


def test_nbstripout_takes_our_keys_along(repository: Path) -> None:
    notebook = committed(repository, "take outputs out as well")

    assert "agent" not in json.dumps(notebook)
    assert notebook["cells"][0]["outputs"] == []


def test_what_is_no_notebook_is_kept_out(repository: Path) -> None:
    committed(repository, "take only the agent out")
    for broken in (b"{broken", b"\xff\xfe{}"):
        (repository / "b.ipynb").write_bytes(broken)
        with pytest.raises(subprocess.CalledProcessError) as refused:
            git(repository, "add", "b.ipynb")
        assert "is no notebook" in refused.value.stderr
        assert "Traceback" not in refused.value.stderr
