"""No vendor exception gets past the provider."""

from __future__ import annotations

import inspect

import docker.errors
import pytest
import requests
import requests.exceptions

from jupyter_agent_host.container_engine.engine_errors import from_vendor, mapped_class, translated
from jupyter_agent_host.errors import AgentHostError, ImageMissingError, ProviderUnavailableError, SandboxGoneError

VENDOR_CLASSES = [
    found
    for _, found in inspect.getmembers(docker.errors, inspect.isclass)
    if issubclass(found, Exception) and found.__module__ == "docker.errors"
]
REQUESTS_CLASSES = [
    found
    for _, found in inspect.getmembers(requests.exceptions, inspect.isclass)
    if issubclass(found, requests.exceptions.RequestException)
]


def api_error(status: int, explanation: str) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code = status
    return docker.errors.APIError("said", response=response, explanation=explanation)


def test_there_are_vendor_exceptions_to_look_at() -> None:
    assert docker.errors.APIError in VENDOR_CLASSES
    assert len(VENDOR_CLASSES) > 15


@pytest.mark.parametrize("vendor", VENDOR_CLASSES, ids=lambda found: found.__name__)
def test_each_docker_exception_is_named_in_the_table(vendor: type[Exception]) -> None:
    ours = mapped_class(vendor)
    assert ours is not None, f"docker.errors.{vendor.__name__} is not mapped"
    assert issubclass(ours, AgentHostError)


@pytest.mark.parametrize("vendor", REQUESTS_CLASSES, ids=lambda found: found.__name__)
def test_each_requests_exception_becomes_ours(vendor: type[Exception]) -> None:
    err = vendor("a", "b", 0) if issubclass(vendor, requests.exceptions.JSONDecodeError) else vendor("said")
    with pytest.raises(ProviderUnavailableError), translated("do a thing"):
        raise err


@pytest.mark.parametrize(
    ("vendor", "ours"),
    [
        (docker.errors.ImageNotFound("no such image"), ImageMissingError),
        (docker.errors.NotFound("no such container"), SandboxGoneError),
        (requests.exceptions.ReadTimeout("slow"), ProviderUnavailableError),
    ],
)
def test_what_a_program_can_tell_apart(vendor: Exception, ours: type[AgentHostError]) -> None:
    error = from_vendor(vendor, "do a thing")
    assert type(error) is ours
    assert error.provider == "docker"


def test_the_sentence_is_one_line_with_the_engines_own_reason() -> None:
    error = from_vendor(api_error(500, "no space\n left on device"), "start the sandbox")
    assert str(error) == "The container engine failed to start the sandbox: no space left on device"
    assert error.retryable
