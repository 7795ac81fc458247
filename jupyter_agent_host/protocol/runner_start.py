"""The first line that a runner reads on its standard input: its secret and its orders.

It travels on stdin so that the token is in no argument list, environment, file or image layer.
"""

from __future__ import annotations

import msgspec

from jupyter_agent_host.protocol.limits import HOLD_SECONDS, MAX_OUTBOX_BYTES


class RunnerStart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Orders for one runner.

    Attributes:
        token: bearer token that every request to the runner must carry (at least 32 characters).
        socket_path: unix socket to listen on, as the runner sees it.
        require_outside_peer: accept only peers whose pid is 0 in the runner's pid namespace (SO_PEERCRED), so that
            nothing inside the box can pose as the host. False where host and relay share the namespace.
        workdir: working folder of the agent; `/workspace` in every sandbox that has its own file system.
        config_dir: CLAUDE_CONFIG_DIR of the CLI.
        hold_seconds: how long a request for the way out waits for a host.
        outbox_bytes: most bytes kept unacknowledged.
    """

    token: str
    socket_path: str
    require_outside_peer: bool = True
    workdir: str = "/workspace"
    config_dir: str = "/home/agent/.claude"
    hold_seconds: float = HOLD_SECONDS
    outbox_bytes: int = MAX_OUTBOX_BYTES

    def __repr__(self) -> str:
        return f"RunnerStart(socket_path={self.socket_path!r}, token=<hidden>)"


def encode_start(start: RunnerStart) -> bytes:
    """One JSON line, newline included."""
    return msgspec.json.encode(start) + b"\n"
