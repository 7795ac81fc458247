"""The sandbox's life: the hybrid pattern's round, and no short cuts."""

from __future__ import annotations

import pytest

from jupyter_agent_host.host.agents.sandbox_lifecycle import LifecycleError, SandboxLifecycle


def test_the_hybrid_round_can_be_walked_twice() -> None:
    life = SandboxLifecycle()
    for _ in range(2):
        for state in ("starting", "ready", "working", "idle", "stopping", "stopped"):
            assert life.enter(state)  # type: ignore[arg-type]
            assert life.alive == (state in {"ready", "working", "idle"})


def test_entering_the_present_state_changes_nothing() -> None:
    life = SandboxLifecycle()
    life.enter("starting")
    assert not life.enter("starting")


@pytest.mark.parametrize(("path", "bad"), [((), "working"), (("starting", "ready", "stopping"), "working")])
def test_a_short_cut_is_refused(path: tuple[str, ...], bad: str) -> None:
    life = SandboxLifecycle()
    for state in path:
        life.enter(state)  # type: ignore[arg-type]
    with pytest.raises(LifecycleError, match=bad):
        life.enter(bad)  # type: ignore[arg-type]
