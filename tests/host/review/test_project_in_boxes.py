"""A notebook below its project's folder, in real sandboxes: the agent starts beside it and sees the project."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from house import OpenHouse
from test_review import decide, listed, states

from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.protocol.events import FilesChanged, Notice, SandboxState, ToolResult
from jupyter_agent_host.protocol.host_api import FolderRequest
from jupyter_agent_host.sandbox.spec import ProviderReport

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

boxes = pytest.mark.parametrize(
    "provider",
    [
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("local", marks=pytest.mark.bubblewrap),
    ],
)


def bash(command: str) -> dict[str, Any]:
    return {"tools": [{"name": "Bash", "input": {"command": command}}]}


def script(*rules: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    done: list[dict[str, Any]] = [{"say": "Done."}]
    return {
        "name": "projects",
        "rules": [{"when": {"prompt": prompt}, "steps": [*steps, *done]} for prompt, steps in rules],
        "otherwise": {"say": "Scripted: {prompt}"},
    }


def results(talk: Any) -> list[str]:
    return [result.text for result in talk.of(ToolResult)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    (place / "notebooks").mkdir(parents=True)
    (place / "data").mkdir()
    (place / ".git").mkdir()
    (place / "data" / "x.csv").write_text("first,line\n1,2\n")
    (place / "data" / ".env").write_text("TOKEN=s3cret-of-the-project\n")
    (place / "server.pem").write_text("s3cret-of-the-project\n")
    return place


def usable(reports: dict[str, ProviderReport], provider: str) -> str:
    report = reports[provider]
    if not report.available:
        pytest.skip(f"{provider}: {report.reason}")
    return provider


def notebook_in(project: Path, house: Any) -> Path:
    house.notebook = project / "notebooks" / "notebook.ipynb"
    house.notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    return project


TOOLS = script(
    (
        "look around",
        [
            bash("pwd; head -n1 ../data/x.csv; cat ../data/.env ../server.pem; cd ../data && pwd"),
            bash("pwd; cd ../notebooks"),
            {"tools": [{"name": "Read", "input": {"file_path": "../data/x.csv"}}]},
            {"tools": [{"name": "Glob", "input": {"pattern": "**/*.ipynb"}}]},
        ],
    ),
    (
        "write",
        [
            {"tools": [{"name": "Write", "input": {"file_path": "here.txt", "content": "beside the notebook\n"}}]},
            bash(
                "echo up > ../up.txt; echo plain > ../data/made.csv; echo x > ../conftest.py; echo a >> ../data/x.csv"
            ),
            {"tools": [{"name": "Read", "input": {"file_path": "../data/x.csv"}}]},
            {
                "tools": [
                    {
                        "name": "Edit",
                        "input": {"file_path": "../data/x.csv", "old_string": "first", "new_string": "second"},
                    }
                ]
            },
        ],
    ),
)


@boxes
@pytest.mark.parametrize("flavour", ["copy", "overlay"])
async def test_relative_paths_mean_what_they_mean_in_the_kernel(
    open_house: OpenHouse, reports: dict[str, ProviderReport], project: Path, provider: str, flavour: str
) -> None:
    if flavour == "overlay" and not reports[provider].overlay:
        pytest.skip(f"{provider}: no overlay can be had here")
    settings = WorkspaceSettings(max_copy_files=1 if flavour == "overlay" else 20_000)
    async with open_house(
        script=TOOLS, provider=usable(reports, provider), allow_unsandboxed=False, workspace=settings, project=project
    ) as house:
        notebook_in(project, house)
        looked = await house.ask("look around")
        first, after_cd, read, globbed = results(looked)
        assert first.splitlines()[:2] == ["/workspace/notebooks", "first,line"]
        assert "/workspace/data" in first.splitlines()
        assert "s3cret-of-the-project" not in "".join(results(looked)), "secrets stay masked all over the project"
        assert after_cd.splitlines()[0] == "/workspace/data", "the shell may move about in the project"
        assert "first,line" in read
        assert "notebook.ipynb" in globbed
        info = await house.info()
        assert (info.workspace_folder, info.workspace_place) == (str(project), "notebooks")
        assert not info.workspace_restricted

        wrote = await house.ask("write")
        paths = {change.path for event in wrote.of(FilesChanged) for change in event.files}
        assert paths == {"notebooks/here.txt", "up.txt", "data/made.csv", "data/x.csv"}
        assert (project / "notebooks" / "here.txt").read_text() == "beside the notebook\n"
        assert (project / "data" / "x.csv").read_text() == "second,line\n1,2\na\n"
        assert not (project / "conftest.py").exists()
        assert (await house.info()).refused_files == ("conftest.py",)
        turn = states(await listed(house))[0]
        assert turn["conftest.py"] == "changed waiting"
        assert (await decide(house, "undo", ["data/x.csv", "notebooks/here.txt"])).ok
        assert (project / "data" / "x.csv").read_text() == "first,line\n1,2\n"
        assert not (project / "notebooks" / "here.txt").exists()

        await house.do("stop")
        again = await house.ask("look around")
        assert results(again)[0].splitlines()[:2] == ["/workspace/notebooks", "first,line"], "a resumed session as well"
        assert not again.ended.error


@boxes
async def test_another_folder_can_be_chosen_and_the_conversation_goes_on(
    open_house: OpenHouse, reports: dict[str, ProviderReport], project: Path, provider: str
) -> None:
    rules = script(("where", [bash("pwd; ls ..")]), ("recall", [{"say": "Earlier prompts: {recall}."}]))
    async with open_house(
        script=rules, provider=usable(reports, provider), allow_unsandboxed=False, project=project
    ) as house:
        notebook_in(project, house)
        assert results(await house.ask("where"))[0].splitlines()[0] == "/workspace/notebooks"
        done = await house.do("folder", FolderRequest(target="."))
        assert f"sees {project / 'notebooks'} (chosen" in done.message
        assert results(await house.ask("where"))[0].splitlines()[0] == "/workspace"
        assert "where" in (await house.ask("recall")).delta_text, "the session knows what was said in the other folder"
        await house.do("folder", FolderRequest(reset=True))
        assert results(await house.ask("where"))[0].splitlines()[0] == "/workspace/notebooks"


@boxes
async def test_a_notebook_in_the_home_folder_has_its_plain_files_and_says_so_in_every_turn(
    open_house: OpenHouse,
    reports: dict[str, ProviderReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_rsa").write_text("s3cret")
    (home / "projects").mkdir()
    (home / "sales.csv").write_text("month,revenue\nmay,3\n")
    usable(reports, provider)
    monkeypatch.setenv("HOME", str(home))
    rules = script(("look", [bash("pwd; head -n1 sales.csv; ls -A; cat ~/.ssh/id_rsa; echo new > made.txt")]))
    async with open_house(script=rules, provider=provider, allow_unsandboxed=False, project=home) as house:
        for _ in range(2):
            talk = await house.ask("look")
            (text,) = results(talk)
            assert text.splitlines()[:2] == ["/workspace", "month,revenue"]
            assert "projects" not in text
            assert "s3cret" not in text
            (notice,) = [event for event in talk.of(Notice) if event.code == "workspace"]
            assert "sees only the plain files beside the notebook" in notice.text
            assert "%agent folder PATH" in notice.text
        info = await house.info()
        assert (info.workspace_folder, info.workspace_restricted) == (str(home), True)
        assert not (home / "made.txt").exists()
        assert (await decide(house, "accept", ["made.txt"])).ok, "what was made is listed and can be taken out"
        assert (home / "made.txt").read_text() == "new\n"


@boxes
@pytest.mark.skipif(os.geteuid() != 0, reason="as an ordinary user this is tests/host/workspace's to run")
async def test_large_projects_are_seen_at_once(
    open_house: OpenHouse, reports: dict[str, ProviderReport], project: Path, provider: str
) -> None:
    with (project / "data" / "large.bin").open("wb") as sparse:
        sparse.write(b"begin\n")
        sparse.truncate(2 * 1024**3)
    for folder in range(100):
        (project / "data" / f"part{folder}").mkdir()
        for number in range(2_000):
            os.close(os.open(project / "data" / f"part{folder}" / f"{number}.txt", os.O_CREAT | os.O_WRONLY))
    command = (
        "head -n1 ../data/large.bin; head -n1 ../data/x.csv; ls ../data/part99 | wc -l; echo out > ../data/out.txt"
    )
    rules = script(("look", [bash(command)]), ("rest", [{"say": "ok"}]))
    async with open_house(
        script=rules, provider=usable(reports, provider), allow_unsandboxed=False, project=project
    ) as house:
        notebook_in(project, house)
        began = time.monotonic()
        talk = await house.begin("look")
        with anyio.fail_after(60):
            async for record in house.events(talk):
                talk.records.append(record)
                if isinstance(record.event, SandboxState) and record.event.state == "ready":
                    print(f"{provider}: sandbox ready after {time.monotonic() - began:.2f} s")  # noqa: T201 - a figure
        (text,) = results(talk)
        assert text.split() == ["begin", "first,line", "2000"]
        assert (project / "data" / "out.txt").read_text() == "out\n"
        assert not (await house.info()).workspace_restricted
