"""The contract, on bubblewrap."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from child_contract import ChildContract

from jupyter_agent_host.providers.local.provider import LocalProvider
from jupyter_agent_host.sandbox.provider import Provider

pytestmark = pytest.mark.bubblewrap


class TestLocal(ChildContract):
    @pytest.fixture
    def make_provider(self, run_dir: str) -> Callable[[], Provider]:
        return partial(LocalProvider, run_dir=run_dir)
