"""The agent at a kernel of R, of which we know nothing: runs, plots, errors and interrupts are the protocol's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from kernel_rig import Rig, rig
from on_disk import notebook_on_disk
from server_lab import LabMaker

from jupyter_agent_host.host.notebook.cells import revision_of

SOURCE = "x <- c(1, 3, 2)\nprint(sum(x))\ndata.frame(month = 'May', n = 3)"


def _missing() -> str:
    try:
        spec = KernelSpecManager().get_kernel_spec("ir")
    except NoSuchKernel:
        return "no kernel of R on this machine: apt-get install r-cran-irkernel"
    return "" if shutil.which(spec.argv[0]) else f"no {spec.argv[0]} on this machine: apt-get install r-base-core"


pytestmark = pytest.mark.skipif(bool(_missing()), reason=_missing())


@pytest.fixture(scope="module")
def there(make_lab: LabMaker) -> Iterator[Rig]:
    with rig(make_lab) as made:
        yield made


@pytest.fixture
def cell(there: Rig) -> dict[str, Any]:
    """The one cell of r.ipynb."""
    path = there.lab.notebook("r.ipynb", SOURCE)
    notebook = json.loads(path.read_text())
    notebook["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    path.write_text(json.dumps(notebook))
    found: dict[str, Any] = notebook["cells"][0]
    return found


def test_cells_and_code_run_in_r_and_what_it_cannot_do_is_said(there: Rig, cell: dict[str, Any]) -> None:
    ran = there.turn("r.ipynb", f"CELLS {cell['id']} {revision_of('code', SOURCE)}")
    assert "[1] 6" in ran.text
    assert "| May | 3 |" in ran.text
    outputs = notebook_on_disk(there.lab.root / "r.ipynb")["cells"][0]["outputs"]
    assert [output["output_type"] for output in outputs] == ["stream", "display_data"]
    assert "2. 6" in there.turn("r.ipynb", "RUN x * 2").text

    failed = there.turn("r.ipynb", "RUN stop('too many')")
    assert "Error in eval(expr, envir, enclos): too many" in failed.text
    assert [asked["description"] for asked in failed.asked] == ["It cannot be understood by the rules (stop(…))."]
    there.turn("r.ipynb", "RUN plot(x)")
    assert [image["source"]["media_type"] for image in there.images_sent()] == ["image/png"]

    for prompt in ("LOOK", "DESCRIBE x"):
        assert "the kernel's language is R, and only Python kernels" in there.turn("r.ipynb", prompt).text
    stopped = there.turn("r.ipynb", "STOP Sys.sleep(600)")
    assert "kernel ir (R): idle" in stopped.text
    assert "not available in this language" in stopped.text
