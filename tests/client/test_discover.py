"""Which server started this kernel, and what to say when there is none within reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent_host.client.server_discovery import Kernel, ServerAddress, find_server
from jupyter_agent_host.errors import AuthenticationError, ServerUnreachableError

PID = os.getpid()


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(connection_file=str(tmp_path / "own" / "kernel-1234-abcd.json"), key=b"key")


def server_file(folder: Path, **changes: Any) -> None:
    folder.mkdir(exist_ok=True)
    info = {"pid": PID, "port": 8888, "hostname": "localhost", "base_url": "/", "secure": False, "sock": ""}
    info |= {"url": "ignored", "token": "secret", "root_dir": "/", "password": True, "version": "2"}
    info |= changes
    (folder / f"jpserver-{info['pid']}.json").write_text(json.dumps(info))


def find(kernel: Kernel, folder: Path, parent_pid: int = PID, **environ: str) -> ServerAddress | None:
    return find_server(kernel, {"JPY_PARENT_PID": str(PID), **environ}, [folder], parent_pid=parent_pid)


def test_the_kernel_id_is_in_the_connection_files_name(kernel: Kernel) -> None:
    assert kernel.kernel_id == "1234-abcd"
    assert Kernel(connection_file="/x/kernel-../evil.json").kernel_id == ""
    assert Kernel().kernel_id == ""
    assert "key" not in repr(kernel).replace("Kernel(", "")


@pytest.mark.parametrize(
    ("changes", "url", "loopback"),
    [
        ({}, "http://localhost:8888/", True),
        ({"hostname": "0.0.0.0", "base_url": "/user/ann%40x/"}, "http://127.0.0.1:8888/user/ann%40x/", True),
        ({"hostname": "", "secure": True}, "https://127.0.0.1:8888/", True),
        ({"hostname": "::1"}, "http://[::1]:8888/", True),
        ({"hostname": "10.1.2.3", "secure": True, "port": 443}, "https://10.1.2.3:443/", False),
        ({"hostname": "node7", "base_url": "/a b/"}, "http://node7:8888/a%20b/", False),
    ],
)
def test_the_address_of_the_server(
    kernel: Kernel, tmp_path: Path, changes: dict[str, Any], url: str, loopback: bool
) -> None:
    server_file(tmp_path, **changes)
    assert find(kernel, tmp_path) == ServerAddress(url=url, loopback=loopback)


def test_a_server_on_a_unix_socket(kernel: Kernel, tmp_path: Path) -> None:
    server_file(tmp_path, sock="/run/jupyter.sock")
    assert find(kernel, tmp_path) == ServerAddress("http://localhost/", socket_path="/run/jupyter.sock", loopback=True)


def test_the_folder_of_the_connection_file_is_looked_at_too(kernel: Kernel, tmp_path: Path) -> None:
    server_file(tmp_path / "own", port=9)
    found = find(kernel, tmp_path / "elsewhere")
    assert found is not None
    assert found.url == "http://localhost:9/"


def test_files_of_other_servers_and_broken_ones_are_passed_over(kernel: Kernel, tmp_path: Path) -> None:
    server_file(tmp_path, pid=PID + 1, port=1)
    (tmp_path / "jpserver-0.json").write_text("{")
    (tmp_path / "jpserver-00.json").write_text("[]")
    server_file(tmp_path, port=2)
    found = find(kernel, tmp_path)
    assert found is not None
    assert found.url.endswith(":2/")


def test_no_kernel_and_no_starter_mean_in_process(kernel: Kernel, tmp_path: Path) -> None:
    assert find(Kernel(), tmp_path) is None
    assert find_server(kernel, {}, [tmp_path], parent_pid=PID) is None
    assert find_server(kernel, {"JPY_PARENT_PID": "x"}, [tmp_path], parent_pid=PID) is None


def test_a_kernel_started_by_a_program_that_is_no_server_means_in_process(kernel: Kernel, tmp_path: Path) -> None:
    assert find(kernel, tmp_path) is None


def test_an_empty_key_is_refused(kernel: Kernel, tmp_path: Path) -> None:
    server_file(tmp_path)
    with pytest.raises(AuthenticationError, match="key is empty"):
        find(Kernel(connection_file=kernel.connection_file), tmp_path)


def test_a_kernel_behind_a_gateway_is_told_to_use_the_panel(kernel: Kernel, tmp_path: Path) -> None:
    with pytest.raises(ServerUnreachableError, match="agent panel"):
        find(kernel, tmp_path, KERNEL_GATEWAY="1")


def test_a_kernel_whose_starter_is_not_on_this_machine_is_told_so(kernel: Kernel, tmp_path: Path) -> None:
    with pytest.raises(ServerUnreachableError, match="another machine"):
        find(kernel, tmp_path, parent_pid=1, JPY_PARENT_PID="4194303")


@pytest.fixture
def starter() -> Iterator[int]:
    """A process without a notebook's name in its environment."""
    environ = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"}
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=environ)
    yield process.pid
    process.communicate(b"\n")


def test_a_server_in_another_runtime_folder_is_not_mistaken_for_none(
    kernel: Kernel, tmp_path: Path, starter: int
) -> None:
    """The notebook's name in the environment came from the starter, so the starter is a Jupyter server."""
    with pytest.raises(ServerUnreachableError, match="JUPYTER_RUNTIME_DIR"):
        find(kernel, tmp_path, parent_pid=starter, JPY_PARENT_PID=str(starter), JPY_SESSION_NAME="/nb.ipynb")


def test_a_notebooks_name_that_was_only_inherited_means_in_process(kernel: Kernel, tmp_path: Path) -> None:
    environ = {**os.environ, "JPY_SESSION_NAME": "/nb.ipynb"}
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=environ)
    try:
        found = find(
            kernel, tmp_path, parent_pid=process.pid, JPY_PARENT_PID=str(process.pid), JPY_SESSION_NAME="/nb.ipynb"
        )
        assert found is None
    finally:
        process.communicate(b"\n")
