"""Which engine is asked: as the `docker` command would, then Podman's sockets."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from jupyter_agent_host.container_engine.engine import find_endpoints, is_rootless, open_engine, unlimited
from jupyter_agent_host.errors import AgentHostError, ConfigError, ProviderUnavailableError
from jupyter_agent_host.providers.docker.provider import DockerProvider


@pytest.fixture(autouse=True)
def no_docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "docker-config"
    folder.mkdir()
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


def write_context(folder: Path, name: str, url: str) -> None:
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    content = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": url, "SkipTLSVerify": False}}}
    (meta / "meta.json").write_text(json.dumps(content))


def test_docker_host_is_the_only_place_when_set(tmp_path: Path, no_docker_config: Path) -> None:
    write_context(no_docker_config, "other", "unix:///elsewhere.sock")
    found = find_endpoints({"DOCKER_HOST": "tcp://engine.example:2375"}, tmp_path)
    assert [endpoint.url for endpoint in found] == ["tcp://engine.example:2375"]
    assert not found[0].local


def test_the_current_context_is_used(tmp_path: Path, no_docker_config: Path) -> None:
    write_context(no_docker_config, "desktop", "unix:///somewhere/docker.sock")
    found = find_endpoints({}, tmp_path)
    assert [(endpoint.url, endpoint.source) for endpoint in found] == [
        ("unix:///somewhere/docker.sock", "context desktop")
    ]
    assert found[0].local


def test_a_context_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AgentHostError, match="lost"):
        find_endpoints({"DOCKER_CONTEXT": "lost"}, tmp_path)


def test_otherwise_docker_then_podman(tmp_path: Path) -> None:
    urls = [endpoint.url for endpoint in find_endpoints({"XDG_RUNTIME_DIR": "/run/user/7"}, tmp_path)]
    assert urls[0] == "unix:///var/run/docker.sock"
    assert urls.index("unix:///run/user/7/docker.sock") < urls.index("unix:///run/user/7/podman/podman.sock")
    assert urls[-1] == "unix:///run/podman/podman.sock"


def test_no_engine_is_a_sentence_that_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailableError, match=r"Start Docker or Podman.*nothing\.sock does not exist"):
        open_engine({"DOCKER_HOST": f"unix://{tmp_path}/nothing.sock"})


def test_a_refused_connection_is_no_engine(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailableError, match=r"127\.0\.0\.1:9"):
        open_engine({"DOCKER_HOST": "tcp://127.0.0.1:9"})


@pytest.mark.anyio
async def test_probe_reports_an_absent_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    provider = DockerProvider()
    report = await provider.probe()
    await provider.aclose()
    assert not report.available
    assert "Start Docker or Podman" in report.reason


@pytest.mark.parametrize(
    "settings",
    [{"no_such": 1}, {"pull_policy": "sometimes"}, {"start_timeout": 0}, {"spare_connections": -1}],
    ids=str,
)
def test_wrong_settings_are_said_at_once(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        DockerProvider(**settings)


PODMAN = {"CgroupVersion": "1", "MemoryLimit": True, "CpuCfsQuota": True, "PidsLimit": True}
"""What Podman 4.3 says of limits on control groups v1, as root and as an ordinary user."""


def test_limits_that_a_rootless_podman_only_claims_are_told() -> None:
    rootful, rootless = {**PODMAN, "Rootless": False}, {**PODMAN, "Rootless": True}
    assert (is_rootless(rootful), unlimited(rootful)) == (False, ())
    assert (is_rootless(rootless), unlimited(rootless)) == (
        True,
        ("memory", "processor time", "the number of processes"),
    )
    assert unlimited({**rootless, "CgroupVersion": "2"}) == ()


def test_a_limit_that_docker_says_it_cannot_hold_is_told() -> None:
    options = ["name=seccomp,profile=builtin", "name=rootless"]
    docker = {"CgroupVersion": "2", "SecurityOptions": options, "MemoryLimit": True, "CpuCfsQuota": False}
    assert is_rootless(docker)
    assert unlimited(docker) == ("processor time",)
