"""A real Jupyter server with two notebooks: the attacker's and the neighbour's, each with an agent in a sandbox."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import nbformat
from nbformat.v4 import new_notebook

from jupyter_agent_host.cli.shared.running_servers import JupyterServer
from jupyter_agent_host.scripted_model import ScriptedModel

INSIDE = Path(__file__).parent / "inside"
KEY = f"sk-attack-{secrets.token_hex(8)}"
MODEL = "claude-attack-1"
_SOCKET_SECONDS = 60

SCRIPT: dict[str, Any] = {
    "name": "attacks",
    "api_key": KEY,
    "rules": [
        {
            "when": {"prompt_regex": "^RUN (.*)$"},
            "steps": [
                {"tools": [{"name": "Bash", "input": {"command": "{group:1}", "timeout": 300000}}]},
                {"say": "done"},
            ],
        }
    ],
    "otherwise": {"say": "Scripted: {prompt}"},
}


@dataclass(frozen=True)
class Result:
    """What one attempt came to, in one place. `got`: it succeeded."""

    name: str
    got: bool
    said: str


@dataclass
class Field:
    """`attack` runs a program inside the attacker's sandbox; `outside` runs it as a plain process of this machine."""

    server: JupyterServer
    http: httpx.Client
    root: Path
    data_dir: Path
    model: ScriptedModel
    provider: str
    kind: str
    given: dict[str, Any]
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The attacker's own notebook's folder."""
        return self.root / "attacker"

    def prepare(self) -> None:
        """Make both folders, open both notebooks, start both sandboxes."""
        for name in ("attacker", "neighbour"):
            make_folder(self.root / name)
            self.ids[name] = self.post("open", {"path": f"{name}/attack.ipynb"})["notebookId"]
            assert self.ask(name, "hello") == "Scripted: hello"

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(f"agent-host/{path}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ask(self, name: str, prompt: str) -> str:
        """One turn of one agent: the text of its end."""
        events = self.turn(name, prompt)
        assert events[-1]["status"] == "completed", events[-1]
        return str(events[-1]["text"])

    def turn(self, name: str, prompt: str, **options: Any) -> list[dict[str, Any]]:
        accepted = self.post(f"notebooks/{self.ids[name]}/prompt", {"prompt": prompt, **options})
        request = {"after": accepted["after"], "turnId": accepted["turnId"]}
        events: list[dict[str, Any]] = []
        path = f"agent-host/notebooks/{self.ids[name]}/events"
        with self.http.stream("POST", path, json=request, timeout=240) as stream:
            for line in stream.iter_lines():
                if line.strip():
                    events.append(json.loads(line)["event"])
                    if events[-1]["kind"] == "turn_ended":
                        break
        return events

    def attack(self, program: str, **more: Any) -> dict[str, Result]:
        """All attempts of a program, by the attacker's agent."""
        told = {name: value for name, value in {**self.given, **more}.items() if name not in ("environment", "log")}
        given = shlex.quote(json.dumps(told))
        events = self.turn("attacker", f"RUN python3 attacks/{program}.py {given}")
        said = "\n".join(str(event.get("text", "")) for event in events if event["kind"] == "tool_result")
        found = parse(said)
        assert found, (said[-2000:], events[-1])
        return found

    def outside(self, program: str, **more: Any) -> dict[str, Result]:
        """The same on this machine, in a folder like the notebook's."""
        folder = self.root.parent / "outside"
        shutil.rmtree(folder, ignore_errors=True)
        make_folder(folder)
        return parse(run_outside(program, {**self.given, **more}, folder))

    def check_neighbour(self) -> None:
        """The neighbour's agent answers, and so does the Jupyter server itself."""
        assert self.ask("neighbour", "are you well?") == "Scripted: are you well?"
        assert self.http.get("api/status").status_code == 200
        assert self.http.get("agent-host/notebooks").status_code == 200

    def journal(self, query: str, *values: Any) -> list[Any]:
        """Read the server's journal."""
        with sqlite3.connect(f"file:{self.journal_file}?mode=ro", uri=True) as connection:
            rows = connection.execute(query, values).fetchall()
        connection.close()
        return rows

    @property
    def journal_file(self) -> Path:
        return next(self.data_dir.glob("*.sqlite*"))

    def requests(self) -> int:
        """How many model requests are on the attacker's bill."""
        return int(self.post(f"notebooks/{self.ids['attacker']}/cost", {})["requests"])

    def log_bytes(self) -> int:
        """How much is kept of what the attacker's sandbox prints."""
        log = len(self.http.get(f"agent-host/notebooks/{self.ids['attacker']}/logs").content)
        if self.provider != "docker":
            return log
        sandbox = self.journal("SELECT sandbox_id FROM sandboxes WHERE notebook_id = ?", self.ids["attacker"])[-1][0]
        told = subprocess.run(
            ["docker", "inspect", "-f", "{{.LogPath}}", str(sandbox)], capture_output=True, text=True, check=True
        )
        path = Path(told.stdout.strip())
        return log + sum(kept.stat().st_size for kept in path.parent.glob(f"{path.name}*"))

    def runner_socket(self, token: str) -> Path:
        """The socket of the runner that takes this token.

        Found by asking every runner on this machine, those of other servers included. A busy one may answer late, so
        all are asked again until one takes it.
        """
        give_up = time.monotonic() + _SOCKET_SECONDS
        while time.monotonic() < give_up:
            for place in _runner_sockets():
                if _opens(place, token):
                    return place
        raise AssertionError("no runner on this machine takes the token")

    def token(self, name: str) -> str:
        """The token of one notebook's runner."""
        rows = self.journal("SELECT token FROM sandboxes WHERE notebook_id = ? ORDER BY created", self.ids[name])
        return str(rows[-1][0])


def _runner_sockets() -> list[Path]:
    folders = [Path(tempfile.gettempdir()), Path("/run"), Path(os.environ.get("XDG_RUNTIME_DIR", "/nowhere"))]
    return [place for folder in folders for place in folder.glob("jah*-*/s/runner.sock")]


def _opens(place: Path, token: str) -> bool:
    """Whether the runner at this socket takes the token; False also if it does not answer at once."""
    request = f"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(place))
            connection.sendall(request.encode())
            return connection.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def make_folder(folder: Path) -> None:
    """A notebook's folder with secrets, a repository and an environment; the same for every run."""
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(), folder / "attack.ipynb")
    shutil.copytree(INSIDE, folder / "attacks", ignore=shutil.ignore_patterns("__pycache__"))
    texts = {
        ".env": f"KEY={KEY}",
        "deep/er/.env.production": f"KEY={KEY}",
        "SERVER.PEM": KEY,
        "deep/My-Service-Account.json": KEY,
        ".Aws/credentials": KEY,
        ".git/config": "[core]\n\tbare = false\n",
        ".venv/pyvenv.cfg": "home = /usr\n",
        ".venv/lib/python3.11/site-packages/a.py": "",
        "helper.py": "VALUE = 1\n",
        "given/data.txt": "data\n",
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run_outside(program: str, given: Mapping[str, Any], folder: Path) -> str:
    """What the program prints as a plain process of this user."""
    command = [sys.executable, f"attacks/{program}.py", json.dumps(given)]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": given["homes"][0], **given["environment"]}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout


def parse(printed: str) -> dict[str, Result]:
    """The results among what a program, and whatever else, printed."""
    results = {}
    for line in printed.splitlines():
        if line.startswith('{"name": '):
            told = json.loads(line)
            results[told["name"]] = Result(told["name"], bool(told["got"]), str(told["said"]))
    return results
