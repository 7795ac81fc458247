"""Everything that docker-py and requests raise, as errors of our own tree. Vendor exceptions stop here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import docker.errors
import requests.exceptions

from jupyter_agent_host.errors import (
    AgentHostError,
    ConfigError,
    ImageBuildError,
    ImageMissingError,
    ProviderUnavailableError,
    SandboxError,
    SandboxGoneError,
    SandboxStartError,
)

PROVIDER = "docker"
VENDOR_ERRORS = (docker.errors.DockerException, requests.exceptions.RequestException)

# The most telling class comes first: the first one that an exception is an instance of decides.
_TABLE: tuple[tuple[type[Exception], type[SandboxError | ConfigError]], ...] = (
    (docker.errors.ImageNotFound, ImageMissingError),
    (docker.errors.NotFound, SandboxGoneError),
    (docker.errors.APIError, SandboxStartError),
    (docker.errors.ContainerError, SandboxStartError),
    (docker.errors.StreamParseError, SandboxGoneError),
    (docker.errors.BuildError, ImageBuildError),
    (docker.errors.ImageLoadError, ImageBuildError),
    (docker.errors.InvalidRepository, ConfigError),
    (docker.errors.InvalidArgument, ConfigError),
    (docker.errors.NullResource, ConfigError),
    (docker.errors.InvalidConfigFile, ConfigError),
    (docker.errors.TLSParameterError, ConfigError),
    (docker.errors.MissingContextParameter, ConfigError),
    (docker.errors.ContextAlreadyExists, ConfigError),
    (docker.errors.ContextNotFound, ConfigError),
    (docker.errors.ContextException, ConfigError),
    (docker.errors.InvalidVersion, ProviderUnavailableError),
    (docker.errors.DeprecatedMethod, ProviderUnavailableError),
    (docker.errors.DockerException, ProviderUnavailableError),
    (requests.exceptions.RequestException, ProviderUnavailableError),
)


def mapped_class(vendor: type[Exception]) -> type[SandboxError | ConfigError] | None:
    """Which of our errors a vendor class becomes; None for one that this table does not name exactly."""
    return next((ours for theirs, ours in _TABLE if theirs is vendor), None)


def from_vendor(err: Exception, doing: str) -> AgentHostError:
    """One of our errors for a vendor exception. `doing` completes "The container engine failed to ...".

    The engine's own words are kept, on one line: they name paths and images, never a secret of ours.
    """
    ours = next(ours for theirs, ours in _TABLE if isinstance(err, theirs))
    if isinstance(err, docker.errors.APIError):
        reason = str(err.explanation or err)
    elif isinstance(err, requests.exceptions.Timeout):
        reason = "it did not answer in time"
    else:
        reason = str(err)
    return ours(f"The container engine failed to {doing}: {' '.join(reason.split())[:600]}", provider=PROVIDER)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise vendor exceptions of the block as our own; see `from_vendor`."""
    try:
        yield
    except VENDOR_ERRORS as err:
        raise from_vendor(err, doing) from err
