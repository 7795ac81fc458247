"""The provider's contract on Podman: a service of the test's own, with storage of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from docker_setup import IMAGE, missing_reason
from test_docker_contract import DockerContract, OverExec, OverSocket

from jupyter_agent_host.providers.docker.provider import DockerProvider
from jupyter_agent_host.sandbox.provider import Provider

CONTAINERS = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=20000:20000"]
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""
# Podman gives containers a million files and four million processes where nothing is said, which not every machine may
# raise itself to. Who says one limit says them all.
_LIMITS = {"nofile": 4096, "nproc": 20000, "core": 0}
ULIMITS = {"ulimits": [{"Name": name, "Soft": limit, "Hard": limit} for name, limit in _LIMITS.items()]}


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service that has the sandbox image."""
    if missing_reason():
        pytest.skip(missing_reason())
    if shutil.which("podman") is None or not Path("/usr/libexec/podman/catatonit").exists():
        pytest.skip("Podman: needs Debian's packages podman, runc and catatonit")
    folder = tmp_path_factory.mktemp("podman")
    (folder / "containers.conf").write_text(CONTAINERS)
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
    environ = {
        **os.environ,
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }
    archive, socket = folder / "image.tar", folder / "s"
    subprocess.run(["docker", "save", "-o", str(archive), IMAGE], check=True)
    subprocess.run(["podman", "load", "-q", "-i", str(archive)], check=True, env=environ)
    archive.unlink()
    service = subprocess.Popen(["podman", "system", "service", "--time=0", f"unix://{socket}"], env=environ)
    try:
        deadline = time.monotonic() + 30
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield f"unix://{socket}"
    finally:
        service.terminate()
        service.wait(30)
        subprocess.run(["podman", "system", "reset", "--force"], check=True, env=environ)
        mounted = folder / "graph/overlay"
        if mounted.is_mount():
            subprocess.run(["umount", str(mounted)], check=True)


class PodmanContract(DockerContract):
    pytestmark = pytest.mark.full

    @pytest.fixture
    def make_provider(self, podman: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Provider]:
        monkeypatch.setenv("DOCKER_HOST", podman)
        return partial(self.kind, image=IMAGE, extra_host_config=ULIMITS)


class TestPodmanOverSocket(PodmanContract):
    kind: type[DockerProvider] = OverSocket


class TestPodmanOverExec(PodmanContract):
    kind: type[DockerProvider] = OverExec
