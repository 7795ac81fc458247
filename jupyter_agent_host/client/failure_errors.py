"""A `Failure` from the host, as the exception that the host raised."""

from __future__ import annotations

import msgspec

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.protocol.host_api import Failure

_decoder = msgspec.json.Decoder(Failure)


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
