"""The states of one notebook's sandbox, and which may follow which.

Patterns (ephemeral, long-running, hybrid, shared) differ only in when they ask for a transition; the machine is one.
"""

from __future__ import annotations

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.protocol.host_api import SandboxStateName

_NEXT: dict[SandboxStateName, frozenset[SandboxStateName]] = {
    "none": frozenset({"starting", "idle"}),
    "starting": frozenset({"ready", "stopping", "lost", "none"}),
    "ready": frozenset({"working", "idle", "stopping", "lost"}),
    "working": frozenset({"idle", "stopping", "lost"}),
    "idle": frozenset({"working", "stopping", "lost"}),
    "stopping": frozenset({"stopped", "lost"}),
    "stopped": frozenset({"starting", "idle"}),
    "lost": frozenset({"starting", "stopping", "stopped", "idle"}),
}

ALIVE: frozenset[SandboxStateName] = frozenset({"ready", "working", "idle"})
"""States in which a prompt can be sent at once."""


class LifecycleError(AgentHostError):
    """A transition that the state machine does not have: a defect in the host, never a person's mistake."""

    code = "lifecycle"


class SandboxLifecycle:
    """Where one sandbox is in its life. `idle` may follow `none`, `stopped` and `lost` when one is reattached."""

    def __init__(self) -> None:
        self.state: SandboxStateName = "none"

    def enter(self, state: SandboxStateName) -> bool:
        """Go to `state`; False when already there.

        Raises:
            LifecycleError: `state` cannot follow the present one.
        """
        if state == self.state:
            return False
        if state not in _NEXT[self.state]:
            raise LifecycleError(f"A sandbox cannot go from {self.state} to {state}.")
        self.state = state
        return True

    @property
    def alive(self) -> bool:
        return self.state in ALIVE
