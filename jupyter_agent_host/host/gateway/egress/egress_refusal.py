"""How the way out says no: a sentence where tools show it."""

from __future__ import annotations

from jupyter_agent_host.host.gateway.gateway_refusal import Refusal

_REASON_BYTES = 300
FORBIDDEN, UNREACHABLE = 403, 502


class EgressRefusal(Refusal):
    """A destination that is not reached.

    pip shows the status line's reason, curl and git only its code, tools that use plain http the body; `Proxy-Status`
    is RFC 9209's header for the same.
    """

    def __init__(self, rule: str, sentence: str, *, status: int = FORBIDDEN, retry_after: float | None = None) -> None:
        super().__init__(rule, sentence, status=status, retry_after=retry_after)

    @property
    def reason(self) -> bytes:
        """The sentence as far as a status line can hold it."""
        return _printable(self.sentence).encode("ascii")[:_REASON_BYTES]

    def body(self) -> bytes:
        return f"{self.sentence}\n".encode()

    def headers(self) -> list[tuple[str, str]]:
        details = _printable(self.sentence).replace("\\", " ").replace('"', "'")
        error = "http_request_denied" if self.status == FORBIDDEN else "destination_unavailable"
        after = [] if self.retry_after is None else [("retry-after", f"{self.retry_after:.0f}")]
        return [
            ("content-type", "text/plain; charset=utf-8"),
            ("proxy-status", f'agent-host; error={error}; details="{details}"'),
            *after,
        ]


def _printable(text: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in text)
