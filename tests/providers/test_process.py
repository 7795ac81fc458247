"""The contract, on plain processes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from child_contract import ChildContract

from jupyter_agent_host.providers.process.provider import ProcessProvider
from jupyter_agent_host.sandbox.provider import Provider


class TestProcess(ChildContract):
    @pytest.fixture
    def make_provider(self, run_dir: str) -> Callable[[], Provider]:
        return partial(ProcessProvider, run_dir=run_dir)
