"""A folder for layers, and whether this machine has volumes at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_agent_host.host.disk_quota.loop_volume import why_not


@pytest.fixture
def volumes(tmp_path: Path) -> None:
    """Skip where none can be made, and say why."""
    if reason := why_not(tmp_path):
        pytest.skip(f"no volumes here: {reason}")
