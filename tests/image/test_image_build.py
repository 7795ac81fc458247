"""Building for real: cached, labelled, usable by any uid, and free of what the build was told in confidence."""

from __future__ import annotations

import argparse
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest
from docker import APIClient
from pip._internal.models.index import PyPI

from jupyter_agent_host.cli import image as image_command
from jupyter_agent_host.errors import ImageBuildError
from jupyter_agent_host.image.bootstrap_base import base_tag
from jupyter_agent_host.image.build import BuildRequest, build_image, default_ca_bundle, default_tag
from jupyter_agent_host.image.image_requirements import cli_version
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.sandbox.spec import LABEL_CLI, LABEL_PROTOCOL, LABEL_RUNNER, LABEL_SDK

pytestmark = pytest.mark.docker


def command_line(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    image_command.add_parser(parser.add_subparsers())
    return parser.parse_args(["image", *arguments])


def run_image(client: APIClient, user: str, *command: str) -> tuple[int, str]:
    """Run a command in the image as any uid, with a read-only root and no network."""
    made = client.create_container(
        default_tag(),
        entrypoint=[command[0]],
        command=list(command[1:]),
        user=user,
        environment={"HOME": "/home/agent"},
        host_config=client.create_host_config(
            read_only=True, network_mode="none", cap_drop=["ALL"], tmpfs={"/home/agent": "mode=1777", "/tmp": "exec"}
        ),
    )
    try:
        client.start(made["Id"])
        code = int(client.wait(made["Id"])["StatusCode"])
        return code, bytes(client.logs(made["Id"])).decode()
    finally:
        client.remove_container(made["Id"], force=True)


@pytest.fixture
def bootstrapped(image_engine: APIClient) -> str:
    if not image_engine.images(name=base_tag()):
        pytest.skip(f"the base image {base_tag()} is not here: jupyter agent-host image build --bootstrap")
    return base_tag()


def test_nothing_changed_is_a_cache_hit(
    image_engine: APIClient, bootstrapped: str, capsys: pytest.CaptureFixture[str]
) -> None:
    request = BuildRequest(bootstrap=True, ca_bundle=default_ca_bundle())
    first = build_image(request, print)
    second = build_image(request, print)
    assert second.cached
    assert (second.image_id, second.tag) == (first.image_id, default_tag())
    assert image_command.run(command_line("build", "--bootstrap")) == 0
    assert f"was up to date: {first.image_id}" in capsys.readouterr().out


def test_labels_say_what_is_in_it(image_engine: APIClient) -> None:
    labels = image_engine.inspect_image(default_tag())["Config"]["Labels"]
    assert labels[LABEL_PROTOCOL] == str(PROTOCOL_VERSION)
    assert labels[LABEL_SDK] == version("claude-agent-sdk")
    assert labels[LABEL_RUNNER] == version("jupyter-agent-host")
    code, said = run_image(
        image_engine,
        "1000:1000",
        "sh",
        "-c",
        "/opt/agent-host/lib/python3*/site-packages/claude_agent_sdk/_bundled/claude --version",
    )
    assert (code, said.split()[0]) == (0, labels[LABEL_CLI])
    assert labels[LABEL_CLI] == cli_version()


@pytest.mark.parametrize("user", ["1000:1000", "1234:1234", "65000:7"])
def test_any_uid_can_use_it(image_engine: APIClient, user: str) -> None:
    script = (
        "cd /workspace && git -C /tmp init -q repo && cd /tmp/repo && echo hi > a && git add a && git commit -qm a"
        " && git log --format=%an && rg --files && python -c 'import pandas; print(pandas.Series([1, 2]).sum())'"
        " && /opt/agent-host/bin/python -I -c 'import claude_agent_sdk, jupyter_agent_host.runner; print(\"runner\")'"
    )
    code, said = run_image(image_engine, user, "sh", "-c", f"PATH=/opt/python/bin:$PATH; {script}")
    assert (code, said.split("\n")[-5:]) == (0, ["Notebook agent", "a", "3", "runner", ""])


def test_the_build_leaves_no_settings_behind(image_engine: APIClient) -> None:
    _, said = run_image(image_engine, "1000:1000", "sh", "-c", "ls /run; env; find / -name pip.conf 2>/dev/null")
    assert "agent-host" in said
    assert "settings" not in said
    assert "PIP_" not in said
    assert "pip.conf" not in said
    history = str(image_engine.history(default_tag()))
    assert "PIP_" not in history
    assert "https://" not in history


def test_a_base_that_cannot_be_had_is_one_sentence(image_engine: APIClient, capsys: pytest.CaptureFixture[str]) -> None:
    missing = "localhost:9/no-such-image:1"
    with pytest.raises(ImageBuildError, match="--bootstrap"):
        build_image(BuildRequest(base=missing), print)
    assert image_command.run(command_line("build", "--quiet", "--base", missing)) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_step_that_fails_says_what_it_printed(image_engine: APIClient, tmp_path: Path) -> None:
    """A base without Python: an image of one empty file."""
    tarball = tmp_path / "empty.tar"
    with tarfile.open(tarball, "w") as file:
        file.add(Path(__file__), "readme")
    image_engine.import_image_from_data(tarball.read_bytes(), repository="agent-host-test", tag="empty")
    lines: list[str] = []
    try:
        with pytest.raises(ImageBuildError, match=r"The image build failed(.|\n)*/bin/sh"):
            build_image(BuildRequest(base="agent-host-test:empty", tag="agent-host-test:never"), lines.append)
    finally:
        image_engine.remove_image("agent-host-test:empty", force=True)
    assert any(line.startswith("Step") for line in lines)
    assert image_engine.images(name="agent-host-test:never") == []


@pytest.mark.full
@pytest.mark.timeout(900)
def test_credentials_of_a_package_index_end_nowhere(
    image_engine: APIClient, bootstrapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public index takes any name and password: pip really uses these."""
    secret = "pa55w0rd-of-the-index"
    monkeypatch.setenv("PIP_INDEX_URL", PyPI.simple_url.replace("://", f"://person:{secret}@"))
    before = {image["Id"] for image in image_engine.images(all=True)}
    lines: list[str] = []
    request = BuildRequest(base=bootstrapped, ca_bundle=default_ca_bundle(), tag="agent-host-test:credentials")
    try:
        build_image(request, lines.append)
        assert secret not in "\n".join(lines)
        made = [image["Id"] for image in image_engine.images(all=True) if image["Id"] not in before]
        assert made
        for image in made:
            said = f"{image_engine.history(image)} {image_engine.inspect_image(image)}"
            assert secret not in said
            assert "COPY dir:" not in said or "/run/settings" not in said
        assert not saved_layers_hold(image_engine, "agent-host-test:credentials", secret.encode())
    finally:
        image_engine.remove_image("agent-host-test:credentials", force=True)


def saved_layers_hold(client: APIClient, image: str, needle: bytes) -> bool:
    tail = b""
    for chunk in client.get_image(image):
        if needle in tail + chunk:
            return True
        tail = chunk[-len(needle) :]
    return False
