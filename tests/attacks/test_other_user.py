"""Another user of the same machine: a real other user id, with Python, and all that it would need to know."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import report
from field import INSIDE, KEY, Field, parse
from laid_out import a_field

from jupyter_agent_host.sandbox.spec import ProviderReport

NOBODY = "65534"
PYTHON = "/usr/bin/python3"
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a program as another user"),
    pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv (util-linux)"),
    pytest.mark.skipif(not Path(PYTHON).exists(), reason="another user needs a Python of the system's"),
]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter, so that what is closed is closed by itself."""
    folder = Path(tempfile.mkdtemp(prefix="attacks-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_another_user_of_the_machine(place: Path, reports: dict[str, ProviderReport]) -> None:
    kind = next((kind for kind in ("local", "docker") if reports[kind].available), None)
    if kind is None:
        pytest.skip("no kind of sandbox can be had")
    with a_field(kind, place) as field:
        given = knowledge(field)
        headers = f"Authorization: token {field.server.token}\r\n"
        own = parse(_run([], {**given, "part": "environ", "authorization": headers}))
        others = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        results = parse(_run(others, {**given, "part": "cmdline"}))
        report.enter("user", "other user", own, results)
        assert set(results) == {name for name, _ in report.attempts("user")}
        assert [result for result in own.values() if not result.got] == []
        field.check_neighbour()
    assert [result for result in results.values() if result.got] == []


def knowledge(field: Field) -> dict[str, Any]:
    """All places and secrets that another user could have heard of."""
    runtime = next(Path(field.given["runtime"]).glob("jpserver-*.json"))
    token = field.token("neighbour")
    return {
        "journal": str(field.journal_file),
        "data": str(field.data_dir),
        "copy": str(next(field.data_dir.rglob("copy"))),
        "runner": str(field.runner_socket(token)),
        "token": token,
        "runtime": field.given["runtime"],
        "notebook_secret": str(field.data_dir.parent / "jupyter" / "notebook_secret"),
        "server_pid": int(json.loads(runtime.read_text())["pid"]),
        "server_port": int(json.loads(runtime.read_text())["port"]),
        "backwards": [KEY[::-1], field.server.token[::-1]],
    }


def _run(prefix: list[str], given: dict[str, Any]) -> str:
    """The program as another user, from a copy that it may read."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        programs = Path(folder, "programs")
        shutil.copytree(INSIDE, programs, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (Path(folder), programs):
            path.chmod(0o755)
        command = [*prefix, PYTHON, str(programs / "user.py"), json.dumps(given)]
        done = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True)
    return done.stdout
