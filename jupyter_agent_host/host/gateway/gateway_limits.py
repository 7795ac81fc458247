"""How much, and for how long, the gateway bears with a hostile client."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class GatewayLimits:
    """Sizes in bytes and times in seconds. The defaults are for production; tests make the times shorter.

    Attributes:
        header_bytes: request line and headers together.
        header_seconds: from a request's first byte to the end of its headers; `body_seconds`: to the end of its body.
        idle_seconds: a connection without a request is closed after this.
        write_seconds: a client that reads nothing for so long is given up.
        connections: open ones of one notebook; `waiting`: requests of one notebook that wait for a free place.
        held_bytes: request bodies of one notebook in memory at once.
        json_depth: nesting of a body.
        connect_seconds, read_seconds: for the upstream; the latter is silence between two bytes.
        error_bytes: most that is read of an upstream's error.
        tunnel_idle_seconds: a connection to elsewhere on which nothing moves ends after this; `half_closed_seconds`:
            the same once one side has ended.
        rate_window_seconds: what "per minute" means; `tarpit_seconds`: how long a refusal for rate is held back.
    """

    header_bytes: int = 64 * KIB
    header_seconds: float = 10.0
    body_seconds: float = 120.0
    idle_seconds: float = 300.0
    write_seconds: float = 120.0
    connections: int = 64
    waiting: int = 32
    held_bytes: int = 128 * MIB
    json_depth: int = 64
    connect_seconds: float = 15.0
    read_seconds: float = 600.0
    error_bytes: int = 64 * KIB
    tunnel_idle_seconds: float = 600.0
    half_closed_seconds: float = 60.0
    rate_window_seconds: float = 60.0
    tarpit_seconds: float = 1.0
