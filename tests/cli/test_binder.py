"""What Binder gets: the demo's own notebook, run from top to bottom as it is set up there."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from run_command import Run

import jupyter_agent_host.kernel
from jupyter_agent_host.cli.shared.demo_folder import demo_notebook, demo_table, kernel_notebook

BINDER = Path(__file__).parents[2] / "binder"


def test_the_demo_notebooks_are_up_to_date() -> None:
    assert nbformat.read(BINDER / "demo" / "demo.ipynb", as_version=4) == demo_notebook()
    assert nbformat.read(BINDER / "demo" / "agent-kernel.ipynb", as_version=4) == kernel_notebook()
    assert (BINDER / "demo" / "sales.csv").read_text() == demo_table()


def test_post_build_can_run() -> None:
    assert os.access(BINDER / "postBuild", os.X_OK)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Binder runs Linux")
def test_the_notebook_runs_from_top_to_bottom_and_says_what_it_is(
    command: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    config = Path(environment["JUPYTER_CONFIG_DIR"])
    config.mkdir(parents=True)
    shutil.copy(BINDER / "jupyter_agent_host_config.py", config)
    shutil.copytree(BINDER / "demo", tmp_path / "demo")
    done = command("execute", str(tmp_path / "demo" / "demo.ipynb"))
    assert done.returncode == 0, done.stderr
    notebook = nbformat.read(tmp_path / "demo" / "demo.ipynb", as_version=4)
    outputs = {cell.id: str(cell.get("outputs", "")) for cell in notebook.cells}
    assert "not isolated" in outputs["ask"]
    assert "scripted model" in outputs["ask"]
    assert "2026-04" in outputs["look"]
    assert "Read sales.csv" in outputs["again"]
    assert (tmp_path / "demo" / "answer.txt").exists()
    assert len(notebook.metadata["agent_host"]["chunks"]) == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Binder runs Linux")
def test_the_agent_kernels_notebook_runs(command: Run, environment: dict[str, str], tmp_path: Path) -> None:
    config, data = Path(environment["JUPYTER_CONFIG_DIR"]), Path(environment["JUPYTER_DATA_DIR"])
    config.mkdir(parents=True)
    shutil.copy(BINDER / "jupyter_agent_host_config.py", config)
    shutil.copytree(Path(jupyter_agent_host.kernel.__file__).parent / "spec", data / "kernels" / "agent-claude")
    shutil.copytree(BINDER / "demo", tmp_path / "demo")
    done = command("execute", str(tmp_path / "demo" / "agent-kernel.ipynb"))
    assert done.returncode == 0, done.stderr
    notebook = nbformat.read(tmp_path / "demo" / "agent-kernel.ipynb", as_version=4)
    outputs = {cell.id: str(cell.get("outputs", "")) for cell in notebook.cells}
    assert "Filled in: table = sales.csv" in outputs["kernel-ask"]
    assert "2026-04" in outputs["kernel-look"]
    assert "Read sales.csv" in outputs["kernel-again"]
    assert "not isolated" in outputs["kernel-status"]
    assert len(notebook.metadata["agent_host"]["chunks"]) == 2
