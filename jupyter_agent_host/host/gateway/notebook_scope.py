"""What the gateway asks of whoever owns a notebook, and the record it leaves for each request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jupyter_agent_host.host.gateway.egress.network_port import Network


@dataclass(frozen=True)
class Tokens:
    """Tokens of one request. `cache_creation_1h_input_tokens` is the part of the creation kept for an hour."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_creation_1h_input_tokens: int = 0


@dataclass(frozen=True)
class LedgerEntry:
    """One request that came out of a sandbox, whatever became of it. Never holds text of the conversation.

    Attributes:
        started: seconds since the epoch, UTC; `duration_ms` until the answer's last byte, or its abandonment.
        method, path, model: as asked for, made safe to log; "" where the request was not read that far.
        status: HTTP status answered; 0 if the client went away before there was one.
        refused: name of the rule that refused it, "" if none did.
        admitted: `Scope.admit` let it pass; False for one that was refused or abandoned before.
        usage: as the upstream said; estimated where it did not come to say it, see `usage_meter`.
        cost_usd: estimate in US dollars by the table of `prices`.
        bytes_in, bytes_out: of the two bodies.
        complete: the answer was sent to its end. False for one that broke off or was abandoned; its tokens count.
        message_id: the upstream's id of the message, "" if there was none.
    """

    started: float
    duration_ms: int
    method: str
    path: str
    model: str
    status: int
    refused: str
    usage: Tokens
    cost_usd: float
    bytes_in: int
    bytes_out: int
    complete: bool
    message_id: str
    admitted: bool = False


class Scope(Protocol):
    """The notebook that a connection belongs to. The connection *is* the identity: nothing sent over it changes it."""

    @property
    def notebook_id(self) -> str: ...

    @property
    def session_id(self) -> str: ...

    @property
    def network(self) -> Network | None:
        """What may be reached besides the model; None: nothing."""

    async def admit(self, model: str) -> None:
        """Say whether a request may go out now. Called once per request, right before it does.

        Raises:
            AgentHostError: it may not; the sentence is shown to the person. Non-retryable errors (such as
                `BudgetExceededError`) end the agent's turn at once, retryable ones make it ask again.
        """

    async def record(self, entry: LedgerEntry) -> None:
        """Keep one entry. Called exactly once per request, also for a refused or abandoned one.

        Shielded from cancellation for some seconds.

        Raises:
            AgentHostError: it could not be kept; the gateway logs that and goes on.
        """
