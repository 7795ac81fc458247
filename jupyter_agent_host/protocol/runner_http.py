"""Paths of the runner's HTTP and WebSocket interface. Every request carries `Authorization: Bearer <token>`.

`GET /healthz`                                      JSON `Health`
`GET /control` (WebSocket)                          the control connection, see `control`
`GET /carry/{carry_id}` (WebSocket, binary frames)  the raw bytes of one connection from inside to the way out: the
                                                    host plays the server. Closing either side closes the other.
`PUT /sessions/{session_id}/transcript`             JSON lines of `TranscriptLine`, before resume or fork
"""

from __future__ import annotations

import msgspec

from jupyter_agent_host.protocol.control import SessionStatus

HEALTHZ = "/healthz"
CONTROL = "/control"
CARRY = "/carry/{carry_id}"
TRANSCRIPT = "/sessions/{session_id}/transcript"
WAY_OUT_PORT = 8787
"""Loopback TCP port inside the sandbox; where it is taken or the loopback is shared, the runner picks a free one."""


class TranscriptLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One transcript entry on its way in. `subpath` is "" for the main transcript."""

    subpath: str
    entry: msgspec.Raw


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The runner's answer to `GET /healthz`.

    `mount_nonce` is the content of the file `.nonce` in the socket's folder ("" if there is none): it proves that host
    and sandbox share that folder.
    """

    protocol: int
    runner_version: str
    sdk_version: str
    cli_version: str
    incarnation: str
    mount_nonce: str
    outbox_items: int
    outbox_bytes: int
    host_connected: bool
    rss_bytes: int
    pids: int
    sessions: tuple[SessionStatus, ...]
