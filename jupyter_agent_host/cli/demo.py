"""`jupyter agent-host demo`: see it work, with or without a key, with or without a container engine."""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from jupyter_agent_host.cli.shared.demo_folder import make_demo_folder
from jupyter_agent_host.cli.shared.notebook_run import run_notebook, write_notebook
from jupyter_agent_host.cli.shared.own_server import own_server, stop_process, write_config
from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.server.config.model_upstream import CREDENTIAL_VARIABLES

_CELL_SECONDS = 300.0


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "demo",
        help="open JupyterLab on a demo notebook",
        description="Make a folder with a demo notebook and open JupyterLab on it. Without ANTHROPIC_API_KEY the "
        "model's words come from a script, and every answer says so. Without a container engine the sandbox is the "
        "embedded one; where not even that works, and no key is set, a plain process that says `not isolated`.",
    )
    parser.add_argument(
        "--execute", action="store_true", help="no JupyterLab: run the notebook here, print what it says"
    )
    parser.add_argument("--dir", metavar="FOLDER", type=Path, help="where to put it (default: ./agent-host-demo)")
    parser.add_argument("--port", type=int, default=8888, help="port of JupyterLab (%(default)s, or the next free one)")
    parser.add_argument("--no-browser", action="store_true", help="print the address, open no browser")
    parser.add_argument(
        "--provider",
        default="auto",
        metavar="NAME",
        help="kind of sandbox: auto, docker, local, or process, which isolates nothing",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demo; 0 when it ended well."""
    config = {"AgentHost": demo_settings(args.provider)}
    if config["AgentHost"].get("scripted_model"):
        print("No model credential is set: the model's words come from a script, and every answer says so.")
    if args.execute:
        return _execute(args.dir, config)
    return _open_lab(args, config)


def demo_settings(provider: str) -> dict[str, Any]:
    """The demo's own traits. Only without a key does a script speak, and may a plain process be the last resort."""
    settings: dict[str, Any] = {"provider": provider}
    if not any(os.environ.get(variable) for variable in CREDENTIAL_VARIABLES):
        settings |= {"scripted_model": "demo", "allow_unsandboxed": True}
    elif provider == "process":
        settings["allow_unsandboxed"] = True
    return settings


def _execute(folder: Path | None, config: dict[str, Any]) -> int:
    with tempfile.TemporaryDirectory(prefix="agent-host-demo-") as temporary:
        notebook = make_demo_folder((folder or Path(temporary) / "demo").resolve())
        config["AgentHost"]["data_dir"] = str(Path(temporary) / "data")
        with own_server(notebook.parent, config=config) as server:
            result, failure = run_notebook(server, notebook, timeout=_CELL_SECONDS, on_cell=_print_cell)
        if folder is not None:
            write_notebook(notebook, result)
    if failure is not None:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _print_cell(cell: NotebookNode, _index: int) -> None:
    print("\n".join(f"> {line}" for line in cell.source.splitlines()))
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        print(text.rstrip() if text else "\n".join(output.get("traceback", [])))
    print(flush=True)


def _open_lab(args: argparse.Namespace, config: dict[str, Any]) -> int:
    if importlib.util.find_spec("jupyterlab") is None:
        raise ConfigError("JupyterLab is not installed here: pip install 'jupyter-agent-host[lab]', or add --execute.")
    notebook = make_demo_folder((args.dir or Path("agent-host-demo")).resolve())
    print(f"The demo notebook is {notebook}. Press Ctrl+C here to end JupyterLab and every sandbox.", flush=True)
    with tempfile.TemporaryDirectory(prefix="agent-host-") as folder:
        server = {
            "root_dir": str(notebook.parent),
            "open_browser": not args.no_browser,
            "port": args.port,
            "answer_yes": True,
            "jpserver_extensions": {"jupyter_agent_host": True, "jupyterlab": True},
        }
        if os.geteuid() == 0:
            server["allow_root"] = True
        lab = {"default_url": f"/lab/tree/{notebook.name}"}
        environ = write_config(Path(folder), {**config, "ServerApp": server, "LabApp": lab})
        process = subprocess.Popen([sys.executable, "-m", "jupyterlab"], env=environ)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            return process.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            stop_process(process)
