"""Where a request may go. One place decides; what is not named here goes nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_agent_host.host.gateway.gateway_refusal import Refusal

MODEL_PATHS = (b"/v1/messages", b"/v1/messages/count_tokens")
"""Compared byte for byte: no decoding, no dot segments, no doubled slashes, so there is nothing to disagree about."""

_QUERIES = (b"", b"beta=true")


@dataclass(frozen=True)
class ModelRoute:
    """To the model's API. `path` and `query` are ours, never the client's bytes."""

    path: str
    query: str

    @property
    def is_message(self) -> bool:
        return self.path == "/v1/messages"


def decide(method: bytes, target: bytes) -> ModelRoute:
    """The route of a request.

    Raises:
        Refusal: it has none.
    """
    if method == b"CONNECT" or not target.startswith(b"/"):
        raise Refusal(
            "network_off",
            "Network access from the sandbox is off: only the model can be reached. "
            "What the work needs must already be in the sandbox or in the notebook's folder.",
            status=403,
        )
    path, _, query = target.partition(b"?")
    if path not in MODEL_PATHS or query not in _QUERIES:
        raise Refusal(
            "path",
            "This address is not open from the sandbox: only /v1/messages and /v1/messages/count_tokens are.",
            status=403,
        )
    if method != b"POST":
        raise Refusal("method", "The model is asked by POST only.", status=405, kind="invalid_request_error")
    return ModelRoute(path=path.decode("ascii"), query=query.decode("ascii"))
