"""Every error of ours as HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from jupyter_agent_host.errors import AgentHostError, PromptTooLargeError, ProtocolError, UnknownNotebookError
from jupyter_agent_host.protocol.host_api import VERBS, Failure, GrantRequest, OpenRequest
from jupyter_agent_host.server.rest.http_errors import decode_request, failure_of, path_in, status_of


def every_error(kind: type[AgentHostError] = AgentHostError) -> Iterator[type[AgentHostError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from every_error(child)


@pytest.mark.parametrize("kind", sorted(set(every_error()), key=lambda kind: kind.__name__))
def test_each_error_has_a_status_and_a_body(kind: type[AgentHostError]) -> None:
    error = kind("Something is wrong.")
    assert 400 <= status_of(error) < 600
    failure = msgspec.json.decode(failure_of(error), type=Failure)
    assert failure == Failure(code=kind.code, message="Something is wrong.", retryable=kind.retryable)


def test_statuses_say_what_happened() -> None:
    assert status_of(UnknownNotebookError("")) == 404
    assert status_of(PromptTooLargeError("")) == 413
    assert status_of(ProtocolError("")) == 400


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'{"pth": "a"}', b'{"path": 1}', b"\xff", b'{"a":' * 5000 + b"1" + b"}" * 5000]
)
def test_requests_are_read_strictly(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="OpenRequest"):
        decode_request(OpenRequest, body)


def test_an_empty_body_has_no_arguments() -> None:
    assert decode_request(OpenRequest, b"") == OpenRequest()
    with pytest.raises(ProtocolError, match="target"):
        decode_request(GrantRequest, b"")


def test_every_request_can_name_a_notebook() -> None:
    for request, _answer in VERBS.values():
        assert "path" in request.__struct_fields__
    assert path_in(OpenRequest(path="a.ipynb")) == "a.ipynb"
