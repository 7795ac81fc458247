"""A server in which this extension does not load, or not wholly: cells tell the reason."""

from __future__ import annotations

import os
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_notebook
from server_lab import Lab, LabMaker

from jupyter_agent_host.server.event_schema import readable_schema

STATUS = """
%load_ext jupyter_agent_host
try:
    get_ipython().run_line_magic("agent", "status")
except BaseException as err:
    print(err)
"""
DOES_NOT_IMPORT = """
import sys
if "jupyter_server" in sys.orig_argv:
    sys.modules["jupyter_agent_host.server.app"] = None
"""
DOES_NOT_START = """
import sys
if "jupyter_server" in sys.orig_argv:
    from jupyter_events import EventLogger
    register = EventLogger.register_event_schema
    def refusing(self, schema):
        if "agent_host" in str(schema):
            raise ValueError("made for this test")
        return register(self, schema)
    EventLogger.register_event_schema = refusing
"""


def run(lab: Lab, name: str, code: str) -> str:
    """What the code prints in a new kernel. Until that is up, the client takes a slow start for a kernel that died."""
    nbformat.write(new_notebook(), lab.root / name)
    kernel = lab.session(name)
    deadline = time.monotonic() + 60
    while True:
        try:
            return kernel.run(code)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (DOES_NOT_IMPORT, "`jupyter server extension list` in that environment says which"),
        (DOES_NOT_START, "did not start there (ValueError: made for this test)"),
    ],
)
def test_a_cell_tells_why_there_is_no_agent(
    make_lab: LabMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, reason: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(broken)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    with make_lab() as lab:
        told = run(lab, "a.ipynb", STATUS)
        assert reason in told
        assert "does not recognise this kernel" not in told


def test_a_kernel_that_cannot_prove_itself_is_told_so(lab: Lab) -> None:
    """Its own sentence, apart from that of a server without the extension."""
    code = f"""
from ipykernel.connect import get_connection_file
from jupyter_agent_host.client.server_discovery import Kernel, ServerAddress
from jupyter_agent_host.client.kernel_client import KernelClient
from jupyter_agent_host.protocol.host_api import Simple
try:
    KernelClient(Kernel(get_connection_file(), b"wrong"), ServerAddress({lab.server.url!r}, loopback=True)).call(
        "status", Simple()
    )
except Exception as err:
    print(err)
"""
    assert "does not recognise this kernel" in run(lab, "b.ipynb", code)


def test_event_schemas_have_the_version_that_the_installed_library_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '$id: https://schema.jupyter.org/x/y/v1\nversion: "1"\n'
    found = []
    for release in ("0.10.0", "0.11.0", "0.12.1"):
        monkeypatch.setattr("jupyter_agent_host.server.event_schema.version", lambda _name, it=release: it)
        found.append(readable_schema(text)["version"])
    assert found == [1, "1", "1"]
