"""The session is saved, and resumes, under contents managers that other extensions and administrators bring.

Real servers. Each resume is with a new data folder, so that what goes on comes from the saved files and nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from server_lab import Lab, LabMaker
from test_saving import AGAIN, HELLO, RECALLS, eventually

PAIRED = {"jupytext": {"formats": "ipynb,py:percent"}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
SCRIPT = "# %%\n1 + 1\n"
SIDECAR = ".agent-session.json"
HERE = Path(__file__).parent


@pytest.fixture
def secret(tmp_path: Path) -> dict[str, Any]:
    """Servers that trust each other's signature, and share nothing else."""
    (tmp_path / "secret").write_text("of a fleet of servers, for tests only")
    (tmp_path / "secret").chmod(0o600)
    return {"AgentHost": {"secret_file": str(tmp_path / "secret")}}


def page_saves(lab: Lab, path: str) -> dict[str, Any]:
    """Open and save as a page does that has its notebook from the server; the metadata that it opened."""
    model = lab.http.get(f"api/contents/{path}", params={"type": "notebook", "content": 1}).json()
    content = model["content"]
    answer = lab.http.put(f"api/contents/{path}", json={"type": "notebook", "format": "json", "content": content})
    assert answer.status_code in (200, 201), answer.text
    metadata: dict[str, Any] = content["metadata"]
    return metadata


def in_json(path: Path) -> Any:
    return json.loads(path.read_text())


def saved_in(lab: Lab, path: str) -> str:
    return str(eventually(lambda: lab.open(path)["savedIn"]))


@pytest.mark.parametrize("opened", ["a.ipynb", "a.py"])
def test_a_notebook_that_jupytext_pairs_resumes(make_lab: LabMaker, secret: dict[str, Any], opened: str) -> None:
    with make_lab(secret) as first:
        nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")], metadata=PAIRED), first.root / "a.ipynb")
        page_saves(first, "a.ipynb")
        assert (first.root / "a.py").exists(), "jupytext is at work"
        first.ask(opened, HELLO)
        before = first.open(opened)
        assert (before["savedIn"], before["savedTurns"]) == ("", 0)
        page_saves(first, opened)
        assert saved_in(first, opened) == "a.ipynb"
        assert len(in_json(first.root / "a.ipynb")["metadata"]["agent_host"]["chunks"]) == 1
        assert "agent_host" not in (first.root / "a.py").read_text()
        assert not list(first.root.glob(f"*{SIDECAR}"))
    with make_lab(secret, first.root) as second:
        info = second.open(opened)
        assert (info["notebookId"], info["trust"], info["turns"]) == (before["notebookId"], "own", 1)
        assert RECALLS in second.ask(opened, AGAIN)


def test_both_files_of_a_pair_are_one_notebook(make_lab: LabMaker, secret: dict[str, Any]) -> None:
    with make_lab(secret) as lab:
        nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")], metadata=PAIRED), lab.root / "a.ipynb")
        page_saves(lab, "a.ipynb")
        lab.ask("a.ipynb", HELLO)
        page_saves(lab, "a.ipynb")
        assert saved_in(lab, "a.ipynb")
        assert lab.open("a.py")["notebookId"] == lab.open("a.ipynb")["notebookId"]
        copy = lab.http.post("api/contents/", json={"copy_from": "a.ipynb"}).json()["path"]
        assert lab.open(copy)["notebookId"] != lab.open("a.ipynb")["notebookId"]


@pytest.mark.parametrize("name", ["a.py", "a.md"])
def test_a_text_notebook_keeps_its_session_beside_it(make_lab: LabMaker, secret: dict[str, Any], name: str) -> None:
    with make_lab(secret) as first:
        (first.root / name).write_text(SCRIPT if name.endswith(".py") else "```python\n1 + 1\n```\n")
        first.ask(name, HELLO)
        assert first.open(name)["savedIn"] == "", "nothing was saved yet, and nothing else is said"
        page_saves(first, name)
        assert saved_in(first, name) == name + SIDECAR
        assert "agent_host" not in (first.root / name).read_text()
        before = first.open(name)
    (moved := first.root / "elsewhere").mkdir()
    for path in list(first.root.glob("a.*")):
        path.rename(moved / path.name)
    with make_lab(secret, moved) as second:
        info = second.open(name)
        assert (info["notebookId"], info["trust"], info["turns"]) == (before["notebookId"], "own", 1)
        assert RECALLS in second.ask(name, AGAIN)
        page_saves(second, name)
        assert eventually(lambda: second.open(name)["savedTurns"] == 2)


def test_a_sidecar_follows_its_notebook(make_lab: LabMaker) -> None:
    with make_lab() as lab:
        (lab.root / "a.py").write_text(SCRIPT)
        lab.ask("a.py", HELLO)
        page_saves(lab, "a.py")
        assert saved_in(lab, "a.py")
        assert lab.http.patch("api/contents/a.py", json={"path": "b.py"}).status_code == 200
        assert eventually((lab.root / f"b.py{SIDECAR}").exists)
        assert not (lab.root / f"a.py{SIDECAR}").exists()
        assert lab.open("b.py")["turns"] == 1
        notebook_id = lab.open("b.py")["notebookId"]
        assert lab.http.post(f"agent-host/notebooks/{notebook_id}/strip", json={}).status_code == 200
        page_saves(lab, "b.py")
        assert eventually(lambda: not (lab.root / f"b.py{SIDECAR}").exists())
        lab.ask("b.py", HELLO)
        page_saves(lab, "b.py")
        assert eventually((lab.root / f"b.py{SIDECAR}").exists)
        assert lab.http.delete("api/contents/b.py").status_code == 204
        assert eventually(lambda: not (lab.root / f"b.py{SIDECAR}").exists())


def test_a_sidecar_is_believed_no_more_than_a_notebook(make_lab: LabMaker) -> None:
    """One signed elsewhere is asked about and not replaced by a save; one that is garbage is told."""
    with make_lab() as elsewhere:
        (elsewhere.root / "a.py").write_text(SCRIPT)
        elsewhere.ask("a.py", HELLO)
        page_saves(elsewhere, "a.py")
        assert saved_in(elsewhere, "a.py")
        foreign = in_json(elsewhere.root / f"a.py{SIDECAR}")
        for signature in foreign["agent_host"]["signatures"]:
            signature["key_id"] = "0123456789abcdef"
    with make_lab() as lab:
        (lab.root / "a.py").write_text(SCRIPT)
        beside = lab.root / f"a.py{SIDECAR}"
        beside.write_text(json.dumps(foreign))
        info = lab.open("a.py")
        assert info["trust"] == "foreign"
        refused = lab.http.post(f"agent-host/notebooks/{info['notebookId']}/prompt", json={"prompt": HELLO})
        assert refused.json()["code"] == "envelope_untrusted"
        page_saves(lab, "a.py")
        assert in_json(beside) == foreign
        (lab.root / "b.py").write_text(SCRIPT)
        (lab.root / f"b.py{SIDECAR}").write_text('{"agent_host": {"notebook_id": "../../etc", "chunks": 7}}')
        assert "Hello" in lab.ask("b.py", HELLO) or lab.open("b.py")["turns"] == 1


def test_a_sidecar_that_is_a_link_is_replaced_and_not_followed(make_lab: LabMaker, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    with make_lab() as lab:
        (lab.root / "a.py").write_text(SCRIPT)
        beside = lab.root / f"a.py{SIDECAR}"
        beside.symlink_to(precious)
        lab.ask("a.py", HELLO)
        page_saves(lab, "a.py")
        assert saved_in(lab, "a.py") == beside.name
        assert not beside.is_symlink()
        assert precious.read_text() == "mine"


def test_a_sidecar_that_cannot_be_written_is_told(make_lab: LabMaker) -> None:
    with make_lab() as lab:
        (lab.root / "a.py").write_text(SCRIPT)
        (lab.root / f"a.py{SIDECAR}").mkdir()
        lab.ask("a.py", HELLO)
        page_saves(lab, "a.py")
        assert "could not be saved beside the notebook" in eventually(lambda: lab.open("a.py")["savedProblem"])
        assert lab.open("a.py")["savedIn"] == ""


@contextmanager
def manager_of(name: str, place: Path) -> Iterator[None]:
    """Servers that start inside have this contents manager, and no jupytext."""
    config = place.parent / "config"
    (config / "jupyter_server_config.d").mkdir(parents=True)
    place.mkdir()
    settings = {"ServerApp": {"contents_manager_class": f"odd_managers.{name}"}}
    (config / "jupyter_server_config.json").write_text(json.dumps(settings))
    off = {"ServerApp": {"jpserver_extensions": {"jupyterlab_jupytext": False}}}
    (config / "jupyter_server_config.d" / "no_jupytext.json").write_text(json.dumps(off))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_CONFIG_PATH", str(config))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("ODD_MANAGERS_PLACE", str(place))
        yield


@pytest.mark.parametrize(
    ("manager", "path", "file"),
    [
        ("HybridManager", "disk/a.ipynb", "a.ipynb"),
        ("ObjectManager", "a.ipynb", "a.ipynb"),
        ("ForgetfulManager", "a.ipynb", f"a.ipynb{SIDECAR}"),
    ],
)
def test_other_contents_managers(
    make_lab: LabMaker, secret: dict[str, Any], manager: str, path: str, file: str
) -> None:
    """They run no hooks, and have their notebooks where the server's root folder says nothing."""
    place = Path(secret["AgentHost"]["secret_file"]).parent / "odd" / "place"
    with manager_of(manager, place):
        with make_lab(secret) as first:
            nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")]), place / "a.ipynb")
            first.ask(path, HELLO)
            before = first.open(path)
            page_saves(first, path)
            assert saved_in(first, path).endswith(file)
            holder = in_json(place / file)
            assert holder.get("metadata", holder)["agent_host"]["notebook_id"] == before["notebookId"]
        with make_lab(secret) as second:
            info = second.open(path)
            assert (info["notebookId"], info["trust"], info["turns"]) == (before["notebookId"], "own", 1)
            assert RECALLS in second.ask(path, AGAIN)
            page_saves(second, path)
            assert eventually(lambda: second.open(path)["savedTurns"] == 2)
            nbformat.write(nbformat.read(place / "a.ipynb", as_version=4), place / "copy.ipynb")
            copy = second.open(path.replace("a.ipynb", "copy.ipynb"))
            assert copy["notebookId"] != before["notebookId"], "the original is still there"
