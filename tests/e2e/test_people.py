"""Jupyter run by other users than root: the sandbox works, and what the agent writes is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from machine import LOAD, MakeMachine, running
from people import give, make_environment, python_as


@pytest.fixture(scope="module")
def everybodys_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_environment(tmp_path_factory.mktemp("environment"))


@pytest.mark.parametrize(("provider", "uid"), [("docker", 1000), ("local", 1000), ("docker", 1001), ("local", 1001)])
def test_the_agents_files_belong_to_the_person(
    make_machine: MakeMachine, everybodys_python: Path, provider: str, uid: int
) -> None:
    machine = make_machine("theirs", provider, person=python_as(uid, everybodys_python))
    machine.notebook("demo.ipynb", LOAD)
    (machine.root / "sales.csv").write_text("month,revenue\nJanuary,100\nMarch,180\n")
    for name in ("config", "data", "runtime", "ipython", "home"):
        (machine.folder / name).mkdir(exist_ok=True)
    give(machine.folder, uid)
    with running(machine):
        page = machine.page("demo.ipynb")
        page.run(LOAD)
        done = page.run("%%agent\nRead sales.csv, find the month with the highest revenue, write answer.txt")
        assert not done.error, done.text
        answer = machine.root / "answer.txt"
        assert answer.read_text() == "March\n"
        assert answer.stat().st_uid == uid
        page.close()
