"""A request that the gateway answers itself, with one sentence for the person."""

from __future__ import annotations

import json

SHOWN = 402
"""Status of a refusal that ends the agent's turn. The CLI shows its sentence as it is and asks once. (It asks six times
after 400 and 422, and claims a failed login after 403, a missing model after 404.)"""


class Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """The answer to a request that goes no further.

    Attributes:
        rule: stable name of what refused it, for the ledger.
        status: HTTP status.
        kind: the Messages API's error type.
        sentence: for the person.
        retry_after: seconds, for refusals that pass.
    """

    def __init__(
        self,
        rule: str,
        sentence: str,
        *,
        status: int = SHOWN,
        kind: str = "permission_error",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.rule = rule
        self.sentence = sentence
        self.status = status
        self.kind = kind
        self.retry_after = retry_after

    @property
    def reason(self) -> bytes:
        """Words for the status line; b"" for the usual ones."""
        return b""

    def body(self) -> bytes:
        """The answer in the Messages API's error shape."""
        return json.dumps({"type": "error", "error": {"type": self.kind, "message": self.sentence}}).encode()

    def headers(self) -> list[tuple[str, str]]:
        retry = "true" if self.retry_after is not None else "false"
        after = [] if self.retry_after is None else [("retry-after", f"{self.retry_after:.0f}")]
        return [("content-type", "application/json"), ("x-should-retry", retry), *after]


def malformed(sentence: str, *, status: int = 400) -> Refusal:
    """The request is not one that the API could understand."""
    return Refusal("malformed", sentence, status=status, kind="invalid_request_error")


def shown(data: bytes) -> str:
    """Bytes from a hostile peer as something that a log and a journal can hold."""
    return data[:200].decode("ascii", "backslashreplace").encode("unicode_escape").decode("ascii")
