"""Is the sandbox image there, and is it one for this host?"""

from __future__ import annotations

from typing import Any

import docker.errors
from docker import APIClient

from jupyter_agent_host.container_engine.engine_errors import PROVIDER, translated
from jupyter_agent_host.errors import ImageMismatchError, ImageMissingError
from jupyter_agent_host.image.build import default_tag
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.providers.docker.docker_settings import DockerSettings
from jupyter_agent_host.sandbox.spec import LABEL_PROTOCOL


def require_image(client: APIClient, settings: DockerSettings) -> dict[str, str]:
    """The image's labels, after pulling where the policy says so. Blocking.

    Raises:
        ImageMissingError: it is not there; the sentence holds the command that makes it.
        ImageMismatchError: it is not a sandbox image, or one of another protocol version.
    """
    if settings.pull_policy == "always":
        _pull(client, settings.image)
    found = _inspect(client, settings.image)
    if found is None and settings.pull_policy == "ifnotpresent":
        _pull(client, settings.image)
        found = _inspect(client, settings.image)
    if found is None:
        raise ImageMissingError(
            f"There is no sandbox image {settings.image}. Build it with: {build_command(settings.image)}",
            provider=PROVIDER,
        )
    labels = {str(name): str(value) for name, value in (found["Config"].get("Labels") or {}).items()}
    _check_protocol(labels, settings.image)
    return labels


def build_command(image: str) -> str:
    """What a person types to get this image."""
    command = "jupyter agent-host image build"
    return command if image == default_tag() else f"{command} --tag {image}"


def _check_protocol(labels: dict[str, str], image: str) -> None:
    spoken = labels.get(LABEL_PROTOCOL)
    if spoken == str(PROTOCOL_VERSION):
        return
    what = f"speaks protocol {spoken}, this host speaks {PROTOCOL_VERSION}" if spoken else "is no sandbox image"
    raise ImageMismatchError(
        f"The image {image} {what}. Build it again with: {build_command(image)}", provider=PROVIDER
    )


def _inspect(client: APIClient, image: str) -> dict[str, Any] | None:
    with translated(f"look for the image {image}"):
        try:
            found: dict[str, Any] = client.inspect_image(image)
        except docker.errors.NotFound:
            return None
        return found


def _pull(client: APIClient, image: str) -> None:
    with translated(f"pull the image {image}"):
        try:
            client.pull(image)
        except docker.errors.APIError as err:
            raise ImageMissingError(
                f"The image {image} cannot be pulled ({err.explanation}). Build it with: {build_command(image)}",
                provider=PROVIDER,
            ) from err
