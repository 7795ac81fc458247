"""What goes into the build, and what decides whether it must be done again."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.image.build import BuildRequest, build_image, default_ca_bundle, default_tag
from jupyter_agent_host.image.build_context import write_context
from jupyter_agent_host.image.image_requirements import cli_version, runner_requirements
from jupyter_agent_host.image.pip_settings import PipSettings
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION


def test_the_sdk_is_the_hosts_own() -> None:
    names = [re.split(r"[<>=]", line)[0] for line in runner_requirements()]
    assert names == ["claude-agent-sdk", "anyio", "msgspec", "starlette", "uvicorn", "websockets"]
    assert runner_requirements()[0] == f"claude-agent-sdk=={version('claude-agent-sdk')}"
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", cli_version())


def test_only_the_runners_code_goes_in(tmp_path: Path) -> None:
    write_context(tmp_path, PipSettings(), None)
    package = tmp_path / "src" / "jupyter_agent_host"
    assert {path.name for path in package.iterdir()} == {"__init__.py", "errors.py", "version.py", "protocol", "runner"}
    assert not list(package.rglob("*.pyc"))


def test_the_digest_ignores_where_packages_come_from(tmp_path: Path) -> None:
    bundle = tmp_path / "company.pem"
    bundle.write_text("a certificate")
    digests = set()
    for number, (pip, ca_bundle) in enumerate(
        [(PipSettings(), None), (PipSettings({"index-url": "https://u:p@x.example"}), bundle)]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        digests.add(write_context(folder, pip, ca_bundle))
    assert len(digests) == 1
    assert (tmp_path / "1" / "settings" / "ca.pem").read_text() == "a certificate"


def test_the_tag_names_version_and_protocol() -> None:
    assert default_tag() == f"jupyter-agent-host:{version('jupyter-agent-host')}-p{PROTOCOL_VERSION}"


def test_the_bundle_that_this_process_trusts_is_the_default(tmp_path: Path) -> None:
    bundle = tmp_path / "company.pem"
    bundle.write_text("a certificate")
    assert default_ca_bundle({}) is None
    assert default_ca_bundle({"SSL_CERT_FILE": str(tmp_path / "gone"), "PIP_CERT": str(bundle)}) == bundle


@pytest.mark.docker
def test_a_bundle_that_cannot_be_read_is_said(tmp_path: Path, image_engine: None) -> None:
    with pytest.raises(ConfigError, match="gone"):
        build_image(BuildRequest(base=default_tag(), ca_bundle=tmp_path / "gone"), print)
