"""Which folder an agent is shown: the notebook's project, as its markers, the server's root and the person say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from workspace_rig import inside, told

from jupyter_agent_host.host.settings import PROJECT_MARKERS, WorkspaceSettings
from jupyter_agent_host.host.workspace import WorkspaceRequest, plan_workspace
from jupyter_agent_host.host.workspace.project import Project, ProjectRules, find_project
from jupyter_agent_host.sandbox.spec import ProviderReport


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A server's root folder with a project two folders deep."""
    place = tmp_path / "root"
    (place / "work" / "project" / "notebooks" / "deep").mkdir(parents=True)
    return place


def found(notebook_folder: Path, root: Path | None, **rules: Any) -> Project:
    return find_project(notebook_folder, ProjectRules(PROJECT_MARKERS, root, **rules))


@pytest.mark.parametrize(
    "marker", [".git", "pyproject.toml", "environment.yml", "requirements.txt", ".jupyter-agent", "study.Rproj"]
)
def test_the_nearest_folder_with_a_marker_is_the_project(root: Path, marker: str) -> None:
    project = root / "work" / "project"
    (project / marker).touch()
    assert found(project / "notebooks" / "deep", root) == Project(project, "notebooks/deep")
    assert found(project, root) == Project(project)
    (project / "notebooks" / marker).touch()
    assert found(project / "notebooks" / "deep", root) == Project(project / "notebooks", "deep")


def test_without_a_marker_it_is_the_notebooks_own_folder(root: Path) -> None:
    assert found(root / "work" / "project" / "notebooks", root) == Project(root / "work" / "project" / "notebooks")
    assert find_project(None, ProjectRules(PROJECT_MARKERS)) == Project(None)
    (root / ".git").mkdir()
    markers = ProjectRules((), root)
    assert find_project(root / "work", markers) == Project(root / "work")


def test_no_project_lies_above_the_servers_root(root: Path) -> None:
    (root.parent / ".git").mkdir()
    assert found(root / "work", root) == Project(root / "work")
    (root / "pyproject.toml").touch()
    assert found(root / "work", root) == Project(root, "work")
    elsewhere = root.parent / "elsewhere" / "notebooks"
    elsewhere.mkdir(parents=True)
    assert found(elsewhere, root) == Project(elsewhere)


@pytest.mark.parametrize("with_root", [True, False])
def test_the_home_folder_and_what_holds_it_are_no_project(
    root: Path, monkeypatch: pytest.MonkeyPatch, *, with_root: bool
) -> None:
    monkeypatch.setenv("HOME", str(root / "work"))
    for place in (root, root / "work"):
        (place / ".git").mkdir()
    server_root = root if with_root else None
    assert found(root / "work" / "project", server_root) == Project(root / "work" / "project")
    assert found(root / "work", server_root) == Project(root / "work")


def test_what_would_not_be_seen_from_above_keeps_its_own_folder(root: Path) -> None:
    project = root / "work" / "project"
    (project / ".git").mkdir()
    for hidden in (".ssh", ".config/gcloud"):
        (project / hidden).mkdir(parents=True)
        assert found(project / hidden, root) == Project(project / hidden)
    (project / "venv").mkdir()
    (project / "venv" / "pyvenv.cfg").touch()
    (project / "venv" / "notebooks").mkdir()
    assert found(project / "venv" / "notebooks", root) == Project(project / "venv" / "notebooks")
    assert found(project / "notebooks", root, masked=("notebooks",)) == Project(project / "notebooks")


def test_a_chosen_folder_wins_and_knows_where_the_notebook_lies(root: Path) -> None:
    project = root / "work" / "project"
    (project / ".git").mkdir()
    rules = ProjectRules(PROJECT_MARKERS, root)
    assert find_project(project / "notebooks", rules, str(root / "work")) == Project(
        root / "work", "project/notebooks", chosen=True
    )
    (root / "other").mkdir()
    assert find_project(project, rules, str(root / "other")) == Project(root / "other", chosen=True)


@pytest.mark.anyio
async def test_a_private_tree_of_another_folder_is_not_mixed_with_this_one(folder: Path, state: Path) -> None:
    """The person chose another folder: nothing that was made of the first one reaches the second."""
    report = ProviderReport("test", available=True, reason="", file_owner=None)

    def of(place: Path, below: str = "") -> Any:
        return plan_workspace(WorkspaceRequest(WorkspaceSettings(), place, state, report, place=below))

    first = of(folder / "data")
    box = await inside(first)
    (box / "late.txt").write_text("not collected")
    second = of(folder, "data")
    box = await inside(second)
    assert second.workdir == "data"
    assert (box / "data" / "more.csv").read_text() == "1,2\n"
    assert not (box / "late.txt").exists()
    assert told(await second.collect()) == {}
    assert (folder / "data" / "more.csv").exists()
    moved = folder.rename(folder.with_name("renamed"))  # noqa: ASYNC240 - the person, between two calls
    (box / "kept.txt").write_text("agent")
    assert told(await of(moved, "data").collect()) == {"kept.txt": "created"}, "a renamed folder is still the same"
