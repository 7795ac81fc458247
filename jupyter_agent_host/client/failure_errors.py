"""What the body of an answer means: an answer of its type, or a `Failure` as the exception that the host raised."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from jupyter_agent_host.errors import AgentHostError, ServerUnreachableError
from jupyter_agent_host.protocol.host_api import Answer, Failure

T = TypeVar("T", bound=Answer)

_decoder = msgspec.json.Decoder(Failure)


def decode_answer(body: bytes | msgspec.Raw, answer_type: type[T]) -> T:
    """An answer as its type.

    Raises:
        ServerUnreachableError: the server speaks another version of the API.
    """
    try:
        return msgspec.json.decode(body, type=answer_type)
    except (msgspec.ValidationError, msgspec.DecodeError) as err:
        raise ServerUnreachableError(
            "The Jupyter server and this kernel hold different versions of jupyter-agent-host: "
            f"install the same one in both and restart ({err})."
        ) from err


def failure_from(body: bytes) -> AgentHostError | None:
    """The error that a body describes, or None when it is no `Failure`. An unknown code gives the root class."""
    try:
        failure = _decoder.decode(body)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None
    return _BY_CODE.get(failure.code, AgentHostError)(failure.message)


def _by_code(root: type[AgentHostError]) -> dict[str, type[AgentHostError]]:
    table = {root.code: root}
    for child in root.__subclasses__():
        if child.__module__ == AgentHostError.__module__:
            table.update(_by_code(child))
    return table


_BY_CODE = _by_code(AgentHostError)
