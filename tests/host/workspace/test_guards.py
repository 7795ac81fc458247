"""Which changes wait for a grant, which secrets are hidden, which folders are never shown."""

# ruff: noqa: PTH208 - the sandbox is played by blocking calls, one at a time

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from workspace_rig import inside, refused, told

from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace import Collected
from jupyter_agent_host.host.workspace.copy_in.forbidden_folders import folder_problem
from jupyter_agent_host.host.workspace.files.file_names import granted
from jupyter_agent_host.host.workspace.files.masked_files import Masks
from jupyter_agent_host.host.workspace.modes.copy_mode import UNSEEN_PLACE

pytestmark = pytest.mark.anyio

WAIT = {
    "nb.ipynb": "nb.ipynb",
    "sub/Other.IPYNB": "sub/Other.IPYNB",
    ".git/config": ".git/",
    ".GIT/hooks/pre-commit": ".GIT/",
    "sub/.g\u200cit/config": "sub/.g\u200cit/",
    "sub/.git": "sub/.git",
    "GIT~1/config": "GIT~1/",
    ".hg/hgrc": ".hg/",
    "env/pyvenv.cfg": "env/",
    "lib/site-packages/x.py": "lib/site-packages/",
    "evil.pth": "evil.pth",
    "conftest.py": "conftest.py",
    "tests/ConfTest.py": "tests/ConfTest.py",
    "sitecustomize.py": "sitecustomize.py",
    ".vscode/tasks.json": ".vscode/",
    ".github/workflows/ci.yml": ".github/",
    ".pre-commit-config.yaml": ".pre-commit-config.yaml",
    ".gitattributes": ".gitattributes",
    ".bashrc": ".bashrc",
    ".ipython/profile_default/startup/a.py": ".ipython/",
    "ipython_config.py": "ipython_config.py",
    "ipython_kernel_config.py": "ipython_kernel_config.py",
    "jupyter_server_config.json": "jupyter_server_config.json",
    "matplotlibrc": "matplotlibrc",
    "CLAUDE.md": "CLAUDE.md",
    "sub/AGENTS.md": "sub/AGENTS.md",
    "skills/plot/SKILL.md": "skills/plot/SKILL.md",
    "style.instructions.md": "style.instructions.md",
    "mcp.json": "mcp.json",
    "tools/opencode.json": "tools/opencode.json",
    "lab.code-workspace": "lab.code-workspace",
    "sitecustomize/__init__.py": "sitecustomize/__init__.py",
    "_darcs/prefs/defaults": "_darcs/",
    ".env.production": ".env.production",
    "server.pem": "server.pem",
    "pandas.py": "pandas.py",
    "Pandas.py": "Pandas.py",
    "random.py": "random.py",
    "numpy/__init__.py": "numpy/__init__.py",
    "scripts/json.py": "scripts/json.py",
    "analysis.cpython-311-x86_64-linux-gnu.so": "analysis.cpython-311-x86_64-linux-gnu.so",
    "analysis.pyc": "analysis.pyc",
}
PASS = (
    "analysis.py",
    "my_pandas.py",
    "src/model/train.py",
    "pandas/notes.txt",
    "tests/test_model.py",
    "tests/__init__.py",
    "mypkg/__init__.py",
    "mypkg/types.py",
    "mypkg/io.py",
    "Makefile",
    "setup.py",
    "pyproject.toml",
    "README.md",
    ".gitignore",
    "data/.gitkeep",
    "environment.yml",
    "out/plot.png",
    "results.parquet",
    "index.html",
    "a.b.c.txt",
    "notes/HEAD",
    "model/objects/mesh.obj",
    "refs/books.bib",
)


def write(box: Path, path: str) -> None:
    (box / path).parent.mkdir(parents=True, exist_ok=True)
    (box / path).write_text(f"by the agent: {path}")


@pytest.mark.parametrize(("path", "named"), WAIT.items())
async def test_what_could_run_later_waits_for_a_grant(make: Any, folder: Path, path: str, named: str) -> None:
    workspace = make()
    write(await inside(workspace), path)
    before = sorted(os.listdir(folder))
    collected = await workspace.collect()
    assert not collected.files
    assert [item.path for item in collected.refused] == [named.replace("\u200c", "\\u200c")]
    assert sorted(os.listdir(folder)) == before
    workspace.grant(path)
    assert list(told(await workspace.collect())) == [path]


REPOSITORY = {
    "HEAD": "ref: refs/heads/main\n",
    "config": "[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = touch ran; false\n",
    "objects/x": "",
    "refs/x": "",
}


ORDERS = (("HEAD", "config", "objects/x", "refs/x"), ("refs/x", "objects/x", "config", "HEAD"))


def taken_for_a_repository(place: Path) -> bool:
    """Whether git, started in this folder, finds its repository right there."""
    told = subprocess.run(["git", "rev-parse", "--git-dir"], cwd=place, capture_output=True, text=True, check=False)
    return told.stdout.strip() == "."


def make_bare_repository(place: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(place)], check=True)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("together", [True, False])
async def test_what_git_takes_for_a_repository_waits_whatever_the_folder_is_called(
    make: Any, folder: Path, order: tuple[str, ...], together: bool
) -> None:
    workspace = make()
    box = await inside(workspace)
    kept: list[str] = []
    for name in order:
        (box / "sub" / name).parent.mkdir(parents=True, exist_ok=True)
        (box / "sub" / name).write_text(REPOSITORY[name])
        if not together:
            kept += [item.path for item in (await workspace.collect()).refused]
    kept += [item.path for item in (await workspace.collect()).refused]
    assert kept == ["sub/"]
    assert not taken_for_a_repository(folder / "sub")
    workspace.grant("sub/")
    await workspace.collect()
    assert taken_for_a_repository(folder / "sub"), "the structure is what git goes by"


async def test_a_repository_of_the_persons_is_guarded_by_its_structure(make: Any, folder: Path) -> None:
    make_bare_repository(folder / "mirror")
    workspace = make()
    box = await inside(workspace)
    (box / "mirror" / "config").write_text(REPOSITORY["config"])
    (box / "mirror" / "hooks").mkdir(exist_ok=True)
    (box / "mirror" / "hooks" / "post-update").write_text("touch ran")
    assert [item.path for item in (await workspace.collect()).refused] == ["mirror/"]


async def test_a_folder_that_points_to_a_common_repository_waits(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    (box / "w").mkdir()
    (box / "w" / "HEAD").write_text(REPOSITORY["HEAD"])
    (box / "w" / "commondir").write_text("../elsewhere")
    assert [item.path for item in (await workspace.collect()).refused] == ["w/"]


async def test_ordinary_work_passes(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    for path in PASS:
        write(box, path)
    collected = await workspace.collect()
    assert not collected.refused
    assert sorted(told(collected)) == sorted(PASS)


async def test_a_grant_for_a_folder_lets_all_in_it_through(make: Any, folder: Path) -> None:
    workspace = make(grants=(".github/",))
    box = await inside(workspace)
    write(box, ".github/workflows/ci.yml")
    write(box, ".vscode/tasks.json")
    collected = await workspace.collect()
    assert told(collected) == {".github/workflows/ci.yml": "created"}
    assert list(refused(collected)) == [".vscode/"]


async def test_byte_code_and_other_caches_neither_come_out_nor_are_spoken_of(make: Any, folder: Path) -> None:
    workspace = make(grants=("**",))
    box = await inside(workspace)
    write(box, "__pycache__/analysis.cpython-311.pyc")
    write(box, ".ipynb_checkpoints/nb-checkpoint.ipynb")
    assert await workspace.collect() == Collected()


async def test_an_environment_that_the_agent_makes_is_one_refusal(make: Any, folder: Path) -> None:
    workspace = make()
    box = await inside(workspace)
    for path in ("venv/pyvenv.cfg", *(f"venv/lib/m{number}.py" for number in range(50))):
        write(box, path)
    assert refused(await workspace.collect()) == {"venv/": "it is a Python environment"}


async def test_an_environment_of_the_persons_is_left_out(make: Any, folder: Path) -> None:
    write(folder, ".venv/pyvenv.cfg")
    write(folder, ".venv/lib/x.py")
    workspace = make()
    box = await inside(workspace)
    assert not (box / ".venv").exists()
    assert workspace.note == "The agent does not see Python environments (.venv)."
    (box / ".venv" / "lib").mkdir(parents=True)
    (box / ".venv" / "lib" / "x.py").write_text("other")
    assert list(refused(await workspace.collect())) == [".venv/"]


@pytest.mark.parametrize(
    "path",
    [".env", "sub/.ENV.local", "key.PEM", "a/id_rsa", "id_ed25519.pub", "x-service-account.json", ".aws", "c/.ssh",
     "a/.config/gcloud", ".docker/config.json", "cert.p12", ".jupyter", "vault/token.txt", "my.secret"],
)  # fmt: skip
def test_secrets_are_hidden(path: str) -> None:
    assert Masks(("*.secret", "vault/*.txt")).hides(path)


@pytest.mark.parametrize("path", ["environment.yml", "keys.csv", "pem.txt", "config.json", "vault/token.csv", "ssh"])
def test_what_only_looks_like_a_secret_is_shown(path: str) -> None:
    assert not Masks(("*.secret", "vault/*.txt")).hides(path)


def test_grants_are_taken_from_the_folders_root() -> None:
    assert granted("a/b.py", ["a/*.py"])
    assert granted("a/b/c.py", ["a"])
    assert granted("a/b/conftest.py", ["**/conftest.py"])
    assert granted("x/", ["./x"])
    assert not granted("a/conftest.py", ["conftest.py", "*.py", ""])
    assert not granted("ab.py", ["a", "A*"])


def test_homes_systems_and_the_running_python_are_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "elsewhere"
    for place in ("/etc", "/etc/ssl", "/proc"):
        assert folder_problem(Path(place), state) == "is part of the system's own settings"
    for place in ("/", "/usr", "/home", "/tmp"):
        assert folder_problem(Path(place), state) == "belongs to the system"
    assert "Python" in folder_problem(Path(sys.prefix), state)
    assert "private files" in folder_problem(tmp_path, state)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "configured" / "jupyter"))
    (tmp_path / "me" / "project").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "me")
    far = tmp_path.parent / "far"
    for place in ("me", "link", "."):
        assert folder_problem(tmp_path / place, far) == "is or holds your home folder"
    assert folder_problem(tmp_path / "configured", far) == "is or holds a Jupyter folder"
    assert folder_problem(tmp_path / "configured" / "jupyter" / "lab", far) == "lies in a Jupyter folder"
    assert folder_problem(tmp_path / "me" / "project", far) == ""


async def test_of_a_home_the_plain_files_are_shown_in_every_mode_and_nothing_else(
    make: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    (folder / ".ssh").mkdir()
    (folder / ".ssh" / "config").write_text("Host x")
    (folder / ".bashrc").write_text("true")
    (folder / "server.key").write_text("secret")
    (folder / "link.csv").symlink_to(folder / ".ssh" / "config")
    for settings in (WorkspaceSettings(), WorkspaceSettings(mode="bind"), WorkspaceSettings(mode="review")):
        workspace = make(settings)
        box = await inside(workspace)
        assert sorted(path.name for path in box.iterdir()) == ["nb.ipynb", "sales.csv"]
        assert (workspace.mode, workspace.restricted) == ("review", True)
        assert f"{folder} is or holds your home folder, so the agent sees only the plain files" in workspace.note
        assert "%agent folder PATH" in workspace.note
    assert workspace.masked == ("server.key",)


async def test_what_an_agent_writes_in_a_home_waits_and_never_goes_where_it_was_not_shown(
    make: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    workspace = make()
    box = await inside(workspace)
    for name in ("new.txt", ".bashrc", "data/planted.csv", "made/a.txt"):
        (box / name).parent.mkdir(exist_ok=True)
        (box / name).write_text("agent")
    (box / "sales.csv").unlink()
    collected = await workspace.collect()
    assert told(collected) == {}
    waiting = {item.path: item.stamp for item in collected.waiting}
    assert set(waiting) == {"new.txt", "made/a.txt", "sales.csv"}
    assert {path: reason for path, reason in refused(collected).items() if path in (".bashrc", "data/planted.csv")} == {
        ".bashrc": UNSEEN_PLACE,
        "data/planted.csv": UNSEEN_PLACE,
    }
    for path in (".bashrc", "data/planted.csv"):
        workspace.grant(path)
    accepted = await workspace.accept(waiting)
    assert told(accepted) == {"new.txt": "created", "made/a.txt": "created", "sales.csv": "deleted"}
    assert not (folder / ".bashrc").exists()
    assert not (folder / "data" / "planted.csv").exists()
    await workspace.refresh()
    assert (box / "made" / "a.txt").read_text() == "agent", "a folder of its own stays with it"
    (folder / "made" / "a.txt").write_text("person")
    await workspace.refresh()
    assert (box / "made" / "a.txt").read_text() == "person"
