"""Building the sandbox image on the engine in use."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.errors
from docker import APIClient

from jupyter_agent_host.container_engine.engine import open_engine
from jupyter_agent_host.container_engine.engine_errors import PROVIDER, translated
from jupyter_agent_host.errors import ConfigError, ImageBuildError
from jupyter_agent_host.image.bootstrap_base import ensure_base
from jupyter_agent_host.image.build_context import write_context
from jupyter_agent_host.image.image_layout import LABEL_RECIPE, LABEL_STAGE
from jupyter_agent_host.image.image_requirements import cli_version, host_version, sdk_version
from jupyter_agent_host.image.pip_settings import PipSettings, read_pip_settings
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.sandbox.spec import LABEL_CLI, LABEL_PROTOCOL, LABEL_RUNNER, LABEL_SDK

DEFAULT_BASE = "python:3.12-slim-bookworm"

Progress = Callable[[str], None]

_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
# The engine keeps these, and only these, build arguments out of an image's history and its cache key.
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_BUILD_SECONDS = 3600


@dataclass(frozen=True)
class BuildRequest:
    """What to build.

    Attributes:
        base: image to start from: Debian or a relative of it, with python3 and its venv module.
        bootstrap: make the base from Debian packages instead (`base` is ignored).
        ca_bundle: PEM file that pip trusts during the build; it is not in the finished image.
        tag: name of the result.
        proxies: proxy variables for the build's network access; not in the finished image.
    """

    base: str = DEFAULT_BASE
    bootstrap: bool = False
    ca_bundle: Path | None = None
    tag: str = ""
    proxies: Mapping[str, str] | None = None


@dataclass(frozen=True)
class BuildResult:
    """`cached`: an image of the same recipe was there and nothing was done."""

    image_id: str
    tag: str
    cached: bool


def default_tag() -> str:
    """The image that this version looks for."""
    return f"jupyter-agent-host:{host_version()}-p{PROTOCOL_VERSION}"


def default_ca_bundle(environ: Mapping[str, str] | None = None) -> Path | None:
    """The bundle that this process is told to trust, if it is a file."""
    values = os.environ if environ is None else environ
    named = [Path(values[name]) for name in _CA_VARIABLES if values.get(name)]
    return next((path for path in named if path.is_file()), None)


def build_image(request: BuildRequest, progress: Progress) -> BuildResult:
    """Build the image, or find that it is up to date. Blocking, minutes the first time; `progress` gets lines of text.

    Raises:
        ProviderUnavailableError: no engine answers.
        ImageBuildError: a step failed; the message ends with what it printed.
        ConfigError: the certificate bundle cannot be read.
    """
    engine = open_engine()
    try:
        return _build(engine.client, request, progress)
    finally:
        engine.client.close()


def _build(client: APIClient, request: BuildRequest, progress: Progress) -> BuildResult:
    tag = request.tag or default_tag()
    base = ensure_base(client, progress) if request.bootstrap else request.base
    base_id = _base_id(client, base, progress)
    with tempfile.TemporaryDirectory(prefix="agent-host-image-") as folder:
        pip = read_pip_settings()
        try:
            digest = write_context(Path(folder), pip, request.ca_bundle)
        except OSError as err:
            raise ConfigError(f"The build's files cannot be laid out: {err}", provider=PROVIDER) from err
        labels = _labels(f"{base_id}+{digest}")
        present = _image(client, tag)
        if present and present["Config"]["Labels"].get(LABEL_RECIPE) == labels[LABEL_RECIPE]:
            progress(f"{tag} is up to date.")
            return BuildResult(present["Id"], tag, cached=True)
        _add_labels(Path(folder, "Dockerfile"), labels)
        proxies = _host_proxies() if request.proxies is None else request.proxies
        stages = _stages(client)
        _run_build(client, folder, tag, {"BASE": base, **proxies}, _masked(progress, pip))
    if pip.secrets:
        _forget_stages(client, _stages(client) - stages)
    if present:
        _forget_replaced(client, present["Id"])
    built = _image(client, tag)
    if built is None:
        raise ImageBuildError(f"The engine built {tag} but does not list it.", provider=PROVIDER)
    return BuildResult(built["Id"], tag, cached=False)


def _labels(recipe: str) -> dict[str, str]:
    return {
        LABEL_PROTOCOL: str(PROTOCOL_VERSION),
        LABEL_SDK: sdk_version(),
        LABEL_CLI: cli_version(),
        LABEL_RUNNER: host_version(),
        LABEL_RECIPE: recipe,
    }


def _image(client: APIClient, name: str) -> dict[str, Any] | None:
    with translated(f"look for the image {name}"):
        try:
            found: dict[str, Any] = client.inspect_image(name)
        except docker.errors.NotFound:
            return None
    found["Config"]["Labels"] = found["Config"].get("Labels") or {}
    return found


def _base_id(client: APIClient, base: str, progress: Progress) -> str:
    found = _image(client, base)
    if found is None:
        progress(f"Pulling {base}.")
        _pull(client, base)
        found = _image(client, base)
    if found is None:
        raise ImageBuildError(f"The engine pulled {base} but does not list it.", provider=PROVIDER)
    return str(found["Id"])


def _pull(client: APIClient, base: str) -> None:
    with translated(f"pull the base image {base}"):
        try:
            client.pull(base)
        except docker.errors.APIError as err:
            raise ImageBuildError(
                f"The base image {base} cannot be pulled ({err.explanation}). Give another one with --base, or make "
                "one from Debian packages with --bootstrap.",
                provider=PROVIDER,
            ) from err


def _add_labels(dockerfile: Path, labels: Mapping[str, str]) -> None:
    """As one instruction at the end: each one is a layer of its own, and the recipe changes with every file."""
    with dockerfile.open("a") as file:
        file.write("LABEL " + " ".join(f'{name}="{value}"' for name, value in labels.items()) + "\n")


def _run_build(client: APIClient, folder: str, tag: str, arguments: Mapping[str, str], progress: Progress) -> None:
    with translated("build the image"):
        chunks = client.build(
            path=folder,
            tag=tag,
            buildargs=dict(arguments),
            network_mode="host",
            rm=True,
            forcerm=True,
            decode=True,
            timeout=_BUILD_SECONDS,
        )
        _follow(chunks, progress)


def _follow(chunks: Iterable[Mapping[str, Any]], progress: Progress) -> None:
    last: list[str] = []
    for chunk in chunks:
        if "error" in chunk:
            tail = "\n".join(last[-20:])
            raise ImageBuildError(f"The image build failed: {chunk['error']}\n{tail}", provider=PROVIDER)
        for line in str(chunk.get("stream", "")).splitlines():
            if line.strip():
                progress(line.rstrip())
                last.append(line.rstrip())


def _masked(progress: Progress, pip: PipSettings) -> Progress:
    def masked(line: str) -> None:
        for secret in pip.secrets:
            line = line.replace(secret, "****")
        progress(line)

    return masked


def _host_proxies() -> dict[str, str]:
    return {name: os.environ[name] for name in _PROXY_VARIABLES if os.environ.get(name)}


def _stages(client: APIClient) -> set[str]:
    with translated("list the stages of builds"):
        found = client.images(filters={"dangling": True, "label": f"{LABEL_STAGE}=packages"})
    return {str(image["Id"]) for image in found}


def _forget_stages(client: APIClient, stages: set[str]) -> None:
    """Remove the layers that saw credentials of a package index; the next changed build installs again."""
    with translated("remove the build's first stage"):
        for stage in stages:
            try:
                client.remove_image(stage)
            except docker.errors.APIError as err:
                if err.status_code not in (404, 409):
                    raise


def _forget_replaced(client: APIClient, image_id: str) -> None:
    """Remove the image that just lost its name, unless it has another one or a container uses it."""
    with translated("remove the image that was replaced"):
        try:
            if not client.inspect_image(image_id).get("RepoTags"):
                client.remove_image(image_id)
        except docker.errors.APIError as err:
            if err.status_code not in (404, 409):
                raise
