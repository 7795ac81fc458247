"""One line of the audit log. Holds names, verdicts and amounts: no body, no header, no path of a URL, no secret."""

from __future__ import annotations

import time
from typing import Literal

import msgspec

Kind = Literal["egress", "credential", "approval", "sandbox_started", "sandbox_stopped", "gap"]


def _now() -> float:
    return time.time()


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. Empty fields are left out of the line.

    Attributes:
        time: seconds since the epoch, UTC.
        actor: who decided: a username, "headless", "turn_end"…; "" where no person did.
        outcome: allowed, denied or failed (egress and credential); allow or deny (approval); "" else.
        rule: what decided; for an approval the tool or question.
        host, port, address, via, bytes_in, bytes_out, duration_ms: as in `gateway.egress.EgressRecord`.
        name: of the credential, or of the sandbox.
        detail: the provider, why a sandbox ended, how many records a gap lost.
    """

    time: float = msgspec.field(default_factory=_now)
    kind: Kind
    notebook_id: str = ""
    session_id: str = ""
    turn_id: str = ""
    actor: str = ""
    outcome: str = ""
    rule: str = ""
    host: str = ""
    port: int = 0
    address: str = ""
    via: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    duration_ms: int = 0
    name: str = ""
    detail: str = ""
