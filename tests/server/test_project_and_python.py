"""A real server, a real kernel of a venv of its own, a real sandbox: the agent sees what the kernel sees."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from server_lab import Kernel, LabMaker

from jupyter_agent_host.sandbox.spec import ProviderReport

SCRIPT: dict[str, Any] = {
    "name": "a data scientist's project",
    "rules": [
        {
            "when": {"prompt": "look"},
            "steps": [
                {
                    "tools": [
                        {
                            "name": "Bash",
                            "input": {
                                "command": "head -n1 ../data/x.csv; python -c 'import of_this_kernel as k; print(k.V)'"
                            },
                        }
                    ]
                },
                {"say": "{last_tool_result}"},
            ],
        }
    ],
    "otherwise": {"say": "Scripted: {prompt}"},
}
KERNEL = "import of_this_kernel as k; print(open('../data/x.csv').readline().strip(), k.V)"


@pytest.fixture
def kernel_name(tmp_path: Path) -> str:
    """A kernelspec of a venv that alone has one package; ipykernel is lent to it."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (own,) = venv.glob("lib/python*/site-packages")
    (own / "of_this_kernel.py").write_text("V = 'the kernel has it'\n")
    (own / "lent.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    spec = Path(os.environ["JUPYTER_DATA_DIR"], "kernels", "own-venv", "kernel.json")
    spec.parent.mkdir(parents=True, exist_ok=True)
    argv = [str(venv / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "own venv", "language": "python"}))
    return "own-venv"


def run(kernel: Kernel, code: str) -> str:
    """What the code prints; a client takes a kernel for dead whose heart does not beat within a second of its start."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return kernel.run(code).strip()
        except RuntimeError as err:
            if "Kernel died" not in str(err) or time.monotonic() > deadline:
                raise
        time.sleep(0.5)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "provider",
    [pytest.param("docker", marks=pytest.mark.docker), pytest.param("local", marks=pytest.mark.bubblewrap)],
)
@pytest.mark.usefixtures("jupyter_folders")
def test_data_beside_the_notebooks_folder_and_the_kernels_packages_are_inside(
    make_lab: LabMaker, tmp_path: Path, kernel_name: str, reports: dict[str, ProviderReport], provider: str
) -> None:
    if not reports[provider].available:
        pytest.skip(f"{provider}: {reports[provider].reason}")
    root = tmp_path / "root"
    for folder in ("project/notebooks", "project/data", "project/.git"):
        (root / folder).mkdir(parents=True)
    (root / ".git").mkdir()  # the server's root may be a project, too; the nearest one counts
    (root / "project" / "data" / "x.csv").write_text("first,line\n1,2\n")
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT))
    traits = {"provider": provider, "allow_unsandboxed": False, "scripted_model": str(script)}
    with make_lab({"AgentHost": traits}, root) as lab:
        lab.notebook("project/notebooks/day.ipynb", "1")
        kernel = lab.session("project/notebooks/day.ipynb", name=kernel_name)
        assert run(kernel, KERNEL) == "first,line the kernel has it"
        assert lab.ask("project/notebooks/day.ipynb", "look").split("\n")[:2] == ["first,line", "the kernel has it"]
        info = lab.open("project/notebooks/day.ipynb")
        assert (info["workspaceFolder"], info["workspacePlace"]) == (str(root / "project"), "notebooks")
