"""Errors as HTTP: every one of ours becomes a status and a `Failure` body."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

import msgspec

from jupyter_agent_host import errors
from jupyter_agent_host.protocol.host_api import Failure, Request

RequestT = TypeVar("RequestT", bound=Request)

# The first match along the class's own ancestry counts, so a new error inherits its parent's status.
_STATUS: dict[type[errors.AgentHostError], HTTPStatus] = {
    errors.AuthenticationError: HTTPStatus.FORBIDDEN,
    errors.FrameTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.PromptTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.AttachmentError: HTTPStatus.BAD_REQUEST,
    errors.ProtocolError: HTTPStatus.BAD_REQUEST,
    errors.UnknownNotebookError: HTTPStatus.NOT_FOUND,
    errors.UnknownSessionError: HTTPStatus.NOT_FOUND,
    errors.UnknownTurnError: HTTPStatus.NOT_FOUND,
    errors.BudgetExceededError: HTTPStatus.PAYMENT_REQUIRED,
    errors.TurnError: HTTPStatus.CONFLICT,
    errors.LeaseHeldError: HTTPStatus.CONFLICT,
    errors.EnvelopeError: HTTPStatus.CONFLICT,
    errors.WorkspaceError: HTTPStatus.CONFLICT,
    errors.UpstreamError: HTTPStatus.BAD_GATEWAY,
    errors.SandboxError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.CredentialMissingError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.AgentHostError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def status_of(error: errors.AgentHostError) -> HTTPStatus:
    """The HTTP status that says the same."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def failure_of(error: errors.AgentHostError) -> bytes:
    """The error as a JSON `Failure`."""
    return msgspec.json.encode(Failure(code=error.code, message=str(error), retryable=error.retryable))


def decode_request(kind: type[RequestT], body: bytes) -> RequestT:
    """A request body, strictly; an empty one is a request without arguments.

    Raises:
        ProtocolError: not JSON, an unknown field, or a wrong type.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as err:
        raise errors.ProtocolError(f"This is no {kind.__name__}: {err}") from err


def path_in(request: Request) -> str:
    """The notebook's path that a request names, "" for none."""
    return str(getattr(request, "path", ""))
