"""What every command has in common, and the ones that need no agent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from run_command import Run

from jupyter_agent_host import __version__
from jupyter_agent_host.cli import main
from jupyter_agent_host.cli.shared.demo_folder import demo_notebook, make_demo_folder

COMMANDS = ["demo", "doctor", "image", "execute", "list", "logs", "stop", "prune", "strip"]
STATE = {"schema": 1, "notebook_id": "n"}


def notebook(path: Path, metadata: dict[str, object]) -> Path:
    content = {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def test_jupyter_finds_the_command(environment: dict[str, str]) -> None:
    scripts = Path(sys.executable).parent
    shown = subprocess.run(
        [scripts / "jupyter", "agent-host", "--version"],
        check=True,
        env={**environment, "PATH": f"{scripts}:{environment['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.stdout.strip() == __version__


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_what_it_does(capsys: pytest.CaptureFixture[str], name: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert shown.startswith(f"usage: jupyter agent-host {name}")
    assert len(shown.splitlines()) > 4


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"\n    {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["stop"], ["nosuch"], ["stop", "a", "--all"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_without_a_server_there_is_nothing_to_list_or_stop(command: Run) -> None:
    assert command("list").stdout == "No Jupyter server of yours is running.\n"
    assert command("list", "--json").stdout == "[]\n"
    assert command("stop", "--all").stdout == "No sandbox is running.\n"
    for name in ("logs", "stop"):
        failed = command(name, "a.ipynb")
        assert failed.returncode == 1
        assert failed.stderr == "No running Jupyter server has an agent for a.ipynb; see `jupyter agent-host list`.\n"


def test_prune_with_nothing_to_do(command: Run) -> None:
    done = command("prune")
    assert (done.returncode, done.stdout) == (0, "There is nothing to clear away.\n")


def test_strip_takes_the_session_and_leaves_the_rest(command: Run, tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", {"kernelspec": {"name": "pythön"}, "agent_host": STATE})
    path.chmod(0o640)
    assert command("strip", "--check", str(path)).returncode == 1
    assert json.loads(path.read_text())["metadata"]["agent_host"] == STATE
    done = command("strip", str(path))
    assert (done.returncode, done.stdout) == (0, f"{path} is stripped.\n")
    assert path.read_text() == notebook(tmp_path / "b.ipynb", {"kernelspec": {"name": "pythön"}}).read_text().replace(
        "\\u00f6", "ö"
    )
    assert path.stat().st_mode & 0o777 == 0o640
    assert command("strip", "--check", str(path)).returncode == 0


def test_strip_goes_on_after_a_bad_file(command: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text("{")
    good = notebook(tmp_path / "good.ipynb", {"agent_host": STATE})
    done = command("strip", str(tmp_path / "missing.ipynb"), str(tmp_path / "bad.ipynb"), str(good))
    assert done.returncode == 1
    assert "missing.ipynb cannot be read" in done.stderr
    assert "bad.ipynb is no notebook" in done.stderr
    assert "Traceback" not in done.stderr
    assert "agent_host" not in json.loads(good.read_text())["metadata"]


def test_doctor_never_shows_the_key(command: Run) -> None:
    done = command("doctor", ANTHROPIC_API_KEY="sk-ant-very-secret", ANTHROPIC_BASE_URL="http://127.0.0.1:9")
    assert done.returncode == 1, "nothing answers there"
    assert "there is a key" in done.stdout
    assert "cannot be reached" in done.stdout
    assert "very-secret" not in done.stdout + done.stderr


def test_doctor_tells_programs_the_same(command: Run, configure: Callable[[str], None]) -> None:
    configure("c.AgentHost.scripted_model = 'demo'\nc.AgentHost.allow_unsandboxed = True\n")
    done = command("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["ok"] is True
    assert report["upstream"] == {
        "ok": True,
        "scripted_model": "demo",
        "key": False,
        "reason": "A script plays the model.",
    }
    assert report["versions"]["jupyter-agent-host"] == __version__
    assert {"docker", "local", "process"} <= {provider["provider"] for provider in report["providers"]}
    assert report["choice"]["provider"] in ("docker", "local", "process")


def test_doctor_tells_a_wrong_setting(command: Run, configure: Callable[[str], None]) -> None:
    configure("c.AgentHost.mem_limit = 'lots'\n")
    done = command("doctor")
    assert done.returncode == 1
    assert "mem_limit" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_says_why_nothing_works(command: Run, configure: Callable[[str], None]) -> None:
    configure("c.AgentHost.provider = 'nosuch'\n")
    done = command("doctor")
    assert done.returncode == 1
    assert "No sandbox provider is called 'nosuch'" in done.stdout


def test_the_demo_folder_keeps_what_is_there(tmp_path: Path) -> None:
    path = make_demo_folder(tmp_path / "demo")
    first = path.read_text()
    (tmp_path / "demo" / "sales.csv").write_text("mine\n")
    assert make_demo_folder(tmp_path / "demo") == path
    assert path.read_text() == first
    assert (tmp_path / "demo" / "sales.csv").read_text() == "mine\n"
    assert demo_notebook() == demo_notebook()


def test_execute_tells_a_bad_notebook(command: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text("{}")
    for name, words in (("missing.ipynb", "cannot be read"), ("bad.ipynb", "is no notebook")):
        done = command("execute", str(tmp_path / name))
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr
